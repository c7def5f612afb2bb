"""B5: what a lead's whole life costs in Zoho's API credits."""

from table import Row, median

GOAL, GOAL_RATIO, GOAL_REFRESHES = 9, 0.45, 1
MAILS = 7


def measure(bench):
    leads = bench.size(1_000, 100)
    with bench.folder() as folder:
        ours = bench.ours("live", folder, "--leads", leads, "--mails", MAILS)
    bench.seen["credits"] = ours
    if (ours["mails_sent"], ours["logged"], ours["back"]) != (leads * MAILS, leads * MAILS, leads):
        raise RuntimeError(f"{ours['mails_sent']} mails sent, {ours['logged']} logged, {ours['back']} of {leads} records back")
    peer = bench.peer("credits.py", bench.release / "sales-assistant", "zoho-sim", "--http", "127.0.0.1:0", "--", bench.size(50, 10), MAILS)
    bench.seen["credits of the SDK"] = peer
    each, beside = ours["credits_a_lead"], peer["credits_a_lead"]
    yield Row("B5", f"Zoho credits a lead: {leads:,} leads, {MAILS} mails each, {ours['days']:.0f} days, all upkeep counted",
              f"{each:.1f}", f"official Python SDK, one call a change {beside:.1f}", f"{each / beside:.2f}×",
              f"≤ {GOAL}, ≤ {GOAL_RATIO}×", each <= GOAL and each <= GOAL_RATIO * beside)
    with bench.folder() as folder:
        tokens = bench.ours("tokens", folder, "--workers", 200, "--hours", bench.size(12, 3))
    bench.seen["tokens"] = tokens
    yield Row("B5", f"token refreshes in any 55 minutes, 200 workers asking every minute, {tokens['hours']} h",
              f"{tokens['most_in_55_min']}", goal=f"≤ {GOAL_REFRESHES}", met=tokens["most_in_55_min"] <= GOAL_REFRESHES)
