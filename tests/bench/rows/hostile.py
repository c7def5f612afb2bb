"""Item 9: requests that should not have been sent, over HTTP to the routes as `serve` has them."""

from table import Row

GOAL_P99 = 20


def measure(bench):
    requests, probes = bench.size(10_000, 1_000), bench.size(2_000, 200)
    with bench.folder() as folder:
        found = bench.ours("hostile", folder, "--requests", requests, "--probes", probes)
    bench.seen["hostile"] = found
    worst = max(route["p99_ms"] for route in found["routes"].values())
    accepted = sum(route["accepted"] for route in found["routes"].values())
    yield Row("hostile", f"{requests:,} malformed or forged requests to each of {len(found['routes'])} routes",
              f"{found['server_errors']} × 5xx, {accepted} accepted, {found['units_written']} units written, p99 {worst:.1f} ms",
              goal=f"0, 0, 0, ≤ {GOAL_P99} ms", met=found["server_errors"] + accepted + found["units_written"] == 0 and worst <= GOAL_P99)
    yield Row("hostile", f"{found['scanner_gets']:,} GETs of an unsubscribe link by scanners", f"{found['unsubscribed']} unsubscribed",
              goal="0", met=found["unsubscribed"] == 0 and found["pages_shown"] == found["scanner_gets"])
    yield Row("hostile", f"{found['probes']:,} requests in another organisation's name, or for another record", f"{found['leaks']} answered",
              goal="0", met=found["leaks"] == 0)
    yield Row("hostile", f"the log of all that ({found['log_bytes'] / 1e6:.0f} MB, everything logged): secrets and addresses in it",
              f"{found['private_words_logged']} of {found['private_words']}", goal="0", met=found["private_words_logged"] == 0)
