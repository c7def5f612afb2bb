"""Item 7: every page of the console for an administrator of an organisation with 100,000 leads, over HTTP from `serve` on disk.

The organisation is connected through the simulator's consent page; then the leads of the demo, and some that are still on
their way, are written into its data directory as often as it takes, under other names, in the product's own commits.
"""

import http.client
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

from table import Row

sys.path.append(str(Path(__file__).resolve().parents[2] / "browser"))
from town import ASSISTANT, OneMachine, eventually
from visitor import Visitor

GOAL_MS, GOAL_BYTES = 100, 100_000
ROUNDS = 30
#: Pages by the patterns of `functions/console/src/site/mod.rs`. A new pattern there needs a page here.
PAGES = {
    '[""]': [""],
    '["leads"]': ["leads", "leads?state=Cold", "leads?state=Hot", "leads?assistant=a1", "leads?schedule=Trade+fair", "leads?module=Leads",
                  "leads?q=lovelace", "leads?q=ada+company99", "leads?q=nobody", "leads?q=00001234", "leads?owner={owner}",
                  "leads?since=2026-01-01&until=2026-01-02", "{second}"],
    '["leads", "new"]': ["leads/new"],
    '["leads", id]': ["leads/{lead}", "leads/{last}"],
    '["favours", id]': ["favours/{favour}"],
    '["orders", name]': ["orders/{order}"],
    '["crm"]': ["crm"],
    '["access"]': ["access"],
    '["tokens"]': ["tokens"],
    '["failures"]': ["failures"],
    '["history"]': ["history"],
    '["assistants"]': ["assistants"],
    '["assistants", "new"]': ["assistants/new"],
    '["assistants", id]': ["assistants/tara"],
    '["schedules"]': ["schedules"],
    '["schedules", "new"]': ["schedules/new"],
    '["schedule"]': ["schedule?name=Recommended"],
    '["nurture"]': ["nurture"],
    '["pre-flight"]': ["pre-flight"],
    '["leave"]': ["leave"],
    '["erase"]': ["erase"],
    # Downloads: what there is, and not a page.
    '["leads.csv"]': [],
    '["export.jsonl"]': [],
}


def measure(bench):
    leads = bench.size(100_000, 5_000)
    served = set(patterns(bench.root))
    if served != set(PAGES):
        raise RuntimeError(f"pages and the console's routes differ: {served ^ set(PAGES)}")
    with bench.folder() as folder, bench.folder() as scratch:
        town = OneMachine(bench.release / "sales-assistant", "x1", folder)
        try:
            visitor = Visitor(town)
            visitor.connect()
            crm = f"{town.product}/console/crm"
            eventually(lambda: "made in Leads, Contacts and Deals" in visitor.open(crm), "fields")
            added = [bench.release / "sales-assistant", "assistant", "add", "--name", "Tara Quinn", "--email", ASSISTANT, "--zone", "Europe/London"]
            subprocess.run([*added, "--data-dir", town.data], check=True, stdout=subprocess.DEVNULL)
            eventually(lambda: "ASSISTANT_EXISTS_AS_USER_IN_CRM" in visitor.open(crm), "the assistant's user")
            address = town.close()
            bench.seen["pages filled"] = bench.ours("people", town.data, scratch, "--leads", leads)
            size = sum(file.stat().st_size for file in town.data.glob("table.sqlite*")) / 1e6
            town.serve(address)
            found = timed(town, visitor, named(town, visitor))
        finally:
            town.stop()
    bench.seen["pages"] = found
    for path, page in sorted(found.items(), key=lambda item: -item[1]["median_ms"]):
        print(f"    {page['median_ms']:7.1f} ms, slowest {page['slowest_ms']:7.1f} ms, {page['bytes']:7,} bytes  /console/{path}", file=sys.stderr)
    slow, large = max(found, key=lambda path: found[path]["median_ms"]), max(found, key=lambda path: found[path]["bytes"])
    median, slowest, most = found[slow]["median_ms"], found[slow]["slowest_ms"], found[large]["bytes"]
    yield Row("pages", f"the slowest of {len(found)} pages of the console, {leads:,} leads on disk ({size:,.0f} MB); the largest",
              f"/console/{slow} {median:.0f} ms, at the slowest {slowest:.0f} ms; /console/{large} {most / 1000:.0f} KB",
              goal=f"< {GOAL_MS} ms, < {GOAL_BYTES / 1000:.0f} KB", met=median < GOAL_MS and most < GOAL_BYTES)


def patterns(root):
    """What the console shows, as its source says."""
    source = (root / "functions/console/src/site/mod.rs").read_text()
    shown = source[source.index("async fn show") : source.index("async fn change")]
    return re.findall(r"^\s*(\[\".*\]) =>", shown, re.MULTILINE)


def named(town, visitor):
    """The paths of all pages, with names of what there is."""
    def look(path):
        return visitor.open(f"{town.product}/console/{path}")

    page = look("leads")
    leads = re.findall(r'href="[^"]*/leads/([a-z]+-[0-9]+)"', page)
    second = re.search(r'href="[^"]*/console/(leads\?[^"]*from=[^"]*)"', page).group(1).replace("&amp;", "&")
    owner = re.search(r'name="owner".*?<option value="([^"]+)"', page, re.DOTALL).group(1)
    token = re.search(r'name="token" value="([^"]+)"', page).group(1)
    made = visitor.open(f"{town.product}/console/leads/act", [("token", token), ("action", "deactivate"), *(("lead", lead) for lead in leads)])
    order = re.search(r'/console/orders/([^"/]+)', made).group(1)
    wish = {"token": token, "assistant": "tara", "module": "Leads", "record": "5540000000001"}
    favour = visitor.lands(f"{town.product}/console/leads/new", wish).rsplit("/", 1)[1]
    names = {"lead": leads[0], "last": leads[-1], "second": second, "owner": owner, "order": order, "favour": favour}
    return [page.format(**names) for pages in PAGES.values() for page in pages]


def timed(town, visitor, paths):
    """Each page, in turn, so that all meet the same machine."""
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in visitor.cookies)
    connection = http.client.HTTPConnection(town.product.removeprefix("http://"), timeout=60)
    took, sizes = {path: [] for path in paths}, {}
    for turn in range(ROUNDS + 1):
        for path in paths:
            began = time.perf_counter()
            connection.request("GET", f"/console/{path}".rstrip("/"), headers={"cookie": cookies, "accept": "text/html"})
            answer = connection.getresponse()
            body = answer.read()
            took[path].append((time.perf_counter() - began) * 1000)
            if answer.status != 200:
                raise RuntimeError(f"/console/{path} answered {answer.status}")
            sizes[path] = len(body)
    # The first round is the one in which the store's pages come from the disk; `slowest` has it.
    return {path: {"median_ms": statistics.median(ms[1:]), "slowest_ms": max(ms), "bytes": sizes[path]} for path, ms in took.items()}
