"""B6: what a thousand leads of five mails cost on AWS: a metered run times published prices, `prices.json`."""

import json

from table import Row

GOAL_ALL, GOAL_BESIDE_MAIL = 0.60, 0.08
MAILS = 5


def measure(bench):
    prices = json.loads((bench.root / "tests/bench/prices.json").read_text())
    usd = {name: price["usd"] for name, price in prices["aws"].items()}
    leads = bench.size(1_000, 100)
    with bench.folder() as folder:
        run = bench.ours("live", folder, "--leads", leads, "--mails", MAILS)
    if run["mails_sent"] != leads * MAILS or run["back"] != leads:
        raise RuntimeError(f"{run['mails_sent']} mails sent, {run['back']} of {leads} records back")
    idle = run["functions"].pop("idle tick")
    per_lead = {name: done for name, done in run["functions"].items() if name not in ("upkeep", "sweep")}
    mails = run["mails_sent"] * usd["ses_mail"]
    beside = sum(cost(done, name, usd, prices["assumed"]) for name, done in per_lead.items())
    # Each mail is told of by SES: sent, delivered. A function reads that, writes a row or two.
    told = run["mails_sent"] * prices["assumed"]["ses_events_a_mail"]
    reported = told * (usd["eventbridge_event"] + 3 * usd["sqs_request"]) + told / 10 * usd["lambda_invocation"]
    thousand = 1000 / leads
    mails, beside = mails * thousand, (beside + reported) * thousand
    month = 30 / run["days"]
    ticking = run["idle_minutes"] * (cost(idle, "nurture-tick", usd, prices["assumed"])) * month
    upkeep = sum(cost(run["functions"].get(name, {}), name, usd, prices["assumed"]) for name in ("upkeep", "sweep")) * month
    bench.seen["cost"] = {
        "run": run, "usd": {name: cost(done, name, usd, prices["assumed"]) * thousand for name, done in per_lead.items()},
        "reported": reported * thousand, "upkeep_month": upkeep, "ticking_month": ticking,
        "thousand": mails + beside, "prices": prices,
    }
    cheapest = min(prices["hosted"], key=lambda hosted: hosted["usd_per_lead"])
    dearest = max(prices["hosted"], key=lambda hosted: hosted["usd_per_lead"])
    yield Row("B6", f"a thousand leads of {MAILS} mails on AWS, metered run × list prices ({prices['read']})",
              f"${mails + beside:.2f}", f"{cheapest['name']} ${cheapest['usd_per_lead'] * 1000:,.0f}, {dearest['name']} ${dearest['usd_per_lead'] * 1000:,.0f}",
              f"{cheapest['usd_per_lead'] * 1000 / (mails + beside):,.0f}× cheaper", f"≤ ${GOAL_ALL:.2f}", mails + beside <= GOAL_ALL)
    dear = max(per_lead, key=lambda name: cost(per_lead[name], name, usd, prices["assumed"]))
    yield Row("B6", f"of these beside mail; most of it {dear}", f"${beside:.3f}", goal=f"≤ ${GOAL_BESIDE_MAIL:.2f}", met=beside <= GOAL_BESIDE_MAIL)
    alarms = (bench.root / "template.yaml").read_text().count("Type: AWS::CloudWatch::Alarm")
    fixed = 2 * usd["secret_month"] + alarms * usd["alarm_month"]
    yield Row("B6", "whatever the leads: a month of one organisation's upkeep; of ticks; of secrets and alarms",
              f"${upkeep:.2f}; ${ticking:.2f}; ${fixed:.2f}")


def cost(done, function, usd, assumed):
    """What a function's invocations cost: itself, the table, what brought them, its log."""
    if not done:
        return 0.0
    calls = done["table_calls"], done["zoho_calls"]
    # Of the time here, the part that is not waiting for the table's and Zoho's stand-ins is not known: all of it counts.
    seconds = done["secs"] + calls[0] * assumed["table_call_secs"] + calls[1] * assumed["zoho_call_secs"]
    brought = {
        "crm-webhook": usd["http_api_request"] + usd["eventbridge_event"],
        "nurture-tick": usd["scheduler_invocation"],
        "sweep": usd["scheduler_invocation"],
    }.get(function, usd["eventbridge_event"] + 3 * usd["sqs_request"])
    return (
        done["invocations"] * (usd["lambda_invocation"] + brought + assumed["log_bytes_an_invocation"] * usd["logs_gb"] / 1e9)
        + seconds * assumed["memory_gb"] * usd["lambda_gb_second_arm"]
        + done["read_units"] * usd["dynamodb_read_unit"] + done["write_units"] * usd["dynamodb_write_unit"]
    )
