"""Prints the table of figures. `tests/bench/run` installs what it needs and starts it.

A row is measured by a module of `rows/`: `measure(bench)` yields `Row`s. Whatever has a peer is measured in rounds, ours
and the peer's in turn, so that a machine that gets slower is slow for both; the median counts.
"""

import argparse
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict

from rows import cost, credits, due, hostile, mail, memory, pages, scale, start, webhook
from table import Row, markdown

ROWS = {"webhook": webhook, "start": start, "due": due, "mail": mail, "credits": credits, "cost": cost, "scale": scale, "hostile": hostile, "memory": memory, "pages": pages}
ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = ROOT / "target/bench"
# Gigabytes, for the length of a run.
STORES = OUT / "stores"


class Bench:
    """What rows share: how much to measure, where things are, how to run them."""

    def __init__(self, quick: bool, rounds: int):
        self.quick, self.rounds = quick, rounds
        self.release = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve() / "release"
        self.root, self.python = ROOT, ROOT / ".venv/bench/bin/python"
        self.peers = ROOT / "tests/bench/peers"
        self.modules = ROOT / "target/tools/bench"
        self.seen = {}

    def size(self, full, quick):
        """How much: less in a quick run."""
        return quick if self.quick else full

    def ours(self, *arguments, **options):
        """One measurement of ours."""
        return self.json([self.release / "bench", *arguments], **options)

    def peer(self, script, *arguments, **options):
        """One measurement of a peer in Python."""
        return self.json([self.python, self.peers / script, *arguments], **options)

    def json(self, command, **options):
        """The last line that a program prints."""
        command = [str(part) for part in command]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, **options)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}")
        found = json.loads(done.stdout.splitlines()[-1])
        print(f"    {json.dumps(found)[:300]}", file=sys.stderr, flush=True)
        return found

    def rounds_of(self, measure, rounds=None):
        """Measures each of `measure` (names and functions) in turn, several times; returns their figures by name."""
        found = {name: [] for name in measure}
        for _ in range(rounds or self.rounds):
            for name, once in measure.items():
                found[name].append(once())
        self.seen.update(found)
        return found

    def instructions(self, *arguments):
        """Instructions that ours takes, counted by callgrind; `None` where that is not installed."""
        if shutil.which("valgrind") is None:
            return None
        command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", self.release / "bench", *arguments]
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=True)
        lines = [line for line in done.stderr.splitlines() if "Collected" in line]
        return int(lines[0].split()[-1]) if lines else None

    def filled(self, leads, folder):
        """Makes `folder` a copy of a data directory with so many leads that are not due; who asks first has it filled."""
        kept = STORES / str(leads)
        if not kept.exists():
            kept.mkdir(parents=True)
            self.seen[f"filled {leads}"] = self.ours("fill", kept, "--leads", leads)
        shutil.copytree(kept, folder, dirs_exist_ok=True)

    def folder(self):
        """A folder of its own, on the disk that the repository is on."""
        OUT.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(dir=OUT)


def machine():
    """Where this was measured."""
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "")
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} × {model or platform.machine()}, load {load:.1f} at the start, {time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", nargs="*", choices=[[], *ROWS], metavar="ROW", help=", ".join(ROWS))
    parser.add_argument("--quick", action="store_true", help="smaller sizes and fewer rounds")
    parser.add_argument("--rounds", type=int, help="of each comparison; 5, quick 3")
    options = parser.parse_args()
    bench = Bench(options.quick, options.rounds or (3 if options.quick else 5))
    where, rows, failed = machine(), [], []
    shutil.rmtree(STORES, ignore_errors=True)
    for name in options.rows or ROWS:
        print(f"{name} …", file=sys.stderr, flush=True)
        try:
            rows += ROWS[name].measure(bench)
        except Exception as error:  # one broken peer does not hide the other rows
            failed.append(name)
            rows.append(Row(name, f"not measured: {error}", "", met=False))
    shutil.rmtree(STORES, ignore_errors=True)
    table = markdown(rows, where)
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "figures.md").write_text(table)
    (OUT / "figures.json").write_text(json.dumps({"machine": where, "rows": [asdict(row) for row in rows], "seen": bench.seen}, indent=1))
    print(table)
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
