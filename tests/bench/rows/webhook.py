"""B1: a notification verified, recorded once and durably, and answered; 50 connections."""

import contextlib
import json
import subprocess

from table import Row, median

GOAL_RATIO, GOAL_P99 = 5, 10


@contextlib.contextmanager
def serving(command):
    """A server on this machine, until the end of the block; what it said of itself."""
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True)
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()


def measure(bench):
    requests = bench.size(20_000, 4_000)

    def asked(*command):
        def once():
            with bench.folder() as folder, serving([*command, folder]) as server:
                found = bench.ours("load", server["address"], server["path"], server["token"], "--requests", requests)
                if found["accepted"] != requests:
                    raise RuntimeError(f"{found['accepted']} of {requests} notifications were taken")
                return found
        return once

    found = bench.rounds_of({
        "webhook": asked(bench.release / "bench", "webhook"),
        "fastapi": asked(bench.python, bench.peers / "webhook.py"),
    })
    rate = {name: median(figures, "per_sec") for name, figures in found.items()}
    p99 = {name: median(figures, "p99_ms") for name, figures in found.items()}
    yield Row(
        "B1", "webhook: verified, recorded once, synced to disk, answered; 50 connections",
        f"{rate['webhook']:,.0f}/s, p99 {p99['webhook']:.1f} ms", f"FastAPI + SQLite {rate['fastapi']:,.0f}/s, p99 {p99['fastapi']:.1f} ms",
        f"{rate['webhook'] / rate['fastapi']:.1f}×", f"≥ {GOAL_RATIO}×, p99 ≤ {GOAL_P99} ms",
        rate["webhook"] >= GOAL_RATIO * rate["fastapi"] and p99["webhook"] <= GOAL_P99,
    )
