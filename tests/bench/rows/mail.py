"""B4: MIME parse, thread keys and bounce or auto-reply class, on the corpus of tests/reading."""

import os
import shutil
import subprocess

from table import Row, median

GOAL_PER_SEC, GOAL_RATIO = 30_000, 50


def measure(bench):
    with bench.folder() as folder:
        subprocess.run([bench.release / "reading", "--write", folder], check=True, stdout=subprocess.DEVNULL)
        both = f"{folder}/both"
        os.mkdir(both)
        for part in ("tuned", "measured"):
            for file in os.listdir(f"{folder}/{part}"):
                if file.endswith(".eml"):
                    shutil.move(f"{folder}/{part}/{file}", f"{both}/{part}.{file}")
        measures = {
            "ours": lambda: bench.ours("mail", both, "--passes", bench.size(20, 5)),
            "python": lambda: bench.peer("mail.py", both, bench.size(2, 1)),
        }
        if shutil.which("node") and (bench.modules / "node_modules/mailparser").is_dir():
            node = ["node", bench.peers / "mail.mjs", both, bench.size(2, 1)]
            measures["mailparser"] = lambda: bench.json(node, env={**os.environ, "MODULES": str(bench.modules)})
        found = bench.rounds_of(measures)
        counted = {passes: bench.instructions("mail", both, "--passes", passes) for passes in (1, 2)}
    rates = {name: median(figures, "per_sec") for name, figures in found.items()}
    ours, mails = rates["ours"], found["ours"][0]["mails"]
    per_mail = f", {(counted[2] - counted[1]) / mails:,.0f} instructions a mail" if counted[1] else ""
    yield Row(
        "B4", f"MIME parsed, thread keys, bounce or auto-reply class, and what a person wants: {mails:,} mails, one core",
        f"{ours:,.0f}/s{per_mail}", f"Python email (no intents) {rates['python']:,.0f}/s", f"{ours / rates['python']:.0f}×",
        f"≥ {GOAL_PER_SEC:,}/s, ≥ {GOAL_RATIO}×", ours >= GOAL_PER_SEC and ours >= GOAL_RATIO * rates["python"],
    )
    if "mailparser" in rates:
        yield Row("B4", "the same", f"{ours:,.0f}/s", f"npm mailparser (no intents) {rates['mailparser']:,.0f}/s",
                  f"{ours / rates['mailparser']:.0f}×")
    else:
        yield Row("B4", "the same beside npm mailparser", "", "not measured: it needs Node and npm")
