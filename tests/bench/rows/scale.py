"""Item 6: what ten million active leads of ten thousand organisations use and cost, and which limit comes first.

The metered run of `cost` times ten million, and the limits that a new AWS account has, `prices.json`. At the busiest all
organisations work in one time zone: what happens in a week happens in five days of nine hours.
"""

from rows import cost
from table import Row

LEADS, ORGS = 10_000_000, 10_000
BUSIEST = 7 / 5 * 24 / 9
#: Each organisation is looked after every quarter of an hour, in seconds.
QUARTER = 900
#: The parts of the sparse index by which work is found (`SHARDS` of `shared/app/src/store/keys.rs`).
SHARDS = 8
#: Organisations whose mails leave at once in a tick (`ORGS_AT_ONCE` of `shared/app/src/nurture.rs`).
ORGS_AT_ONCE = 64


def measure(bench):
    metered = bench.seen.get("cost") or (list(cost.measure(bench)), bench.seen["cost"])[1]
    prices, run = metered["prices"], metered["run"]
    assumed, limits = prices["assumed"], {name: limit["most"] for name, limit in prices["limits"].items()}
    lives_a_second = LEADS / (run["days"] * 86_400) * BUSIEST
    lives = lives_a_second / run["leads"]
    per_lead = {name: done for name, done in run["functions"].items() if name not in ("upkeep", "sweep")}
    upkeeps = ORGS / QUARTER / run["functions"]["upkeep"]["invocations"]

    def a_second(of):
        """Per second at the busiest: leads' lives, and each organisation's upkeep."""
        return sum(of(done) for done in per_lead.values()) * lives + of(run["functions"]["upkeep"]) * upkeeps

    def seconds(done):
        return done["secs"] + done["table_calls"] * assumed["table_call_secs"] + done["zoho_calls"] * assumed["zoho_call_secs"]

    writes, reads = a_second(lambda done: done["write_units"]), a_second(lambda done: done["read_units"])
    at_once, events = a_second(seconds), a_second(lambda done: done["invocations"])
    mails = run["mails_sent"] * lives
    a_mail = seconds(per_lead["nurture-tick"]) / run["mails_sent"] + assumed["ses_call_secs"]
    used = {
        "mails a second, one tick": mails * a_mail / ORGS_AT_ONCE,
        "SES's sending rate": mails / limits["ses_mails_a_second"],
        "the table's write units": writes / limits["table_write_units"],
        "the work index's write units": sum(units for name, units in run["written"].items() if name.endswith(" work")) * lives / (SHARDS * limits["partition_write_units"]),
        "functions at once": at_once / limits["functions_at_once"],
        "events a second": events / limits["events_a_second"],
    }
    month = 30 / run["days"] * LEADS / 1000
    dollars = month * metered["thousand"] + ORGS * metered["upkeep_month"] + metered["ticking_month"]
    bench.seen["scale"] = {"used": used, "writes": writes, "reads": reads, "at_once": at_once, "mails": mails, "dollars": dollars}
    yield Row("Scale", f"{LEADS:,} active leads, {ORGS:,} organisations, at the busiest: units of the table a second; functions at "
              "once; messages and mails a second", f"{writes:,.0f} written, {reads:,.0f} read; {at_once:,.0f}; {events:,.0f}; {mails:,.0f}")
    yield Row("Scale", f"a month of them; of this upkeep and ticks", f"${dollars:,.0f}; ${dollars - month * metered['thousand']:,.0f}")
    first = sorted(used.items(), key=lambda limit: -limit[1])
    yield Row("Scale", "limits in the order in which they are hit, in parts of a new account's", ", ".join(f"{name} {share:.2f}" for name, share in first))
