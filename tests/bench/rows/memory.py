"""Item 8: the memory of `serve` with a million leads in its store, over ninety days of the calendar.

Resident memory of the process, pages of the store's file that the kernel keeps for it left out (`RssAnon` of /proc): first
after a day of the calendar, then as ninety days pass at the speed at which a day takes a second.
"""

import json
import os
import subprocess
import time

from table import Row

GOAL_MB, GOAL_GROWTH = 200, 0.05
DAYS, SPEED = 90, 86_400


def measure(bench):
    leads = bench.size(1_000_000, 50_000)
    days = bench.size(DAYS, 30)
    with bench.folder() as folder:
        bench.filled(leads, folder)
        environment = {**os.environ, "ZOHO_CLIENT_ID": "1000.X", "ZOHO_CLIENT_SECRET": "x", "RUST_LOG": "off"}
        command = [bench.release / "sales-assistant", "serve", "--data-dir", folder, "--http", "127.0.0.1:0",
                   "--zoho-accounts", "http://127.0.0.1:9", "--clock", f"x{SPEED}"]
        process = subprocess.Popen([str(part) for part in command], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            json.loads(process.stdout.readline())
            seen = []
            for _ in range(days):
                time.sleep(86_400 / SPEED)
                seen.append(resident(process.pid))
        finally:
            process.terminate()
            process.wait()
        size = os.path.getsize(f"{folder}/table.sqlite") / 1e6
    bench.seen["memory"] = seen
    tenth = max(1, len(seen) // 10)
    early, late = sorted(seen[tenth : 2 * tenth + 1])[tenth // 2], sorted(seen[-tenth:])[tenth // 2]
    yield Row("memory", f"memory of serve, {leads:,} leads in its store ({size:,.0f} MB), most in {days} days of the calendar",
              f"{max(seen):.0f} MB", goal=f"< {GOAL_MB} MB", met=max(seen) < GOAL_MB)
    yield Row("memory", f"the same, from day {tenth} to day {days}", f"{early:.0f} to {late:.0f} MB", ratio=f"{late / early:.2f}",
              goal=f"± {GOAL_GROWTH:.0%}", met=abs(late / early - 1) <= GOAL_GROWTH)


def resident(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("RssAnon:"))
