#!/usr/bin/env python3
"""Deploys what `sam build` made into an AWS in one process and takes one record through it: assigned, mailed,
answered, handed back.

Everything listens on loopback (see world.py), and nothing is kept afterwards.

    sam build --parameter-overrides Architecture=x86_64
    cargo build
    .venv/deploy/bin/python tests/deploy/deploy_test.py
"""

import argparse
import contextlib
import email.message
import email.policy
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import traceback
import urllib.parse

from deployed import ROOT, STACK, functions, sample_events
from outside import Browser, Form
from steps import Failed, Steps, eventually
from world import BINARY, World, sam_cli

ASSISTANT, ASSISTANT_NAME = "tara@acme.example", "Tara Quinn"
SALESPERSON = "sam@acme.example"
LEAD, LEAD_NAME = "ada@lovelace.example", {"First_Name": "Ada", "Last_Name": "Lovelace"}


def connect(public_url: str) -> str:
    """The administrator's walk through the consent page; returns the last page."""
    browser = Browser()
    status, location, page = browser.open(f"{public_url}/oauth/authorize")
    if status != 302:
        raise Failed(f"/oauth/authorize answered {status}: {page}")
    status, _, page = browser.open(location)
    form = Form(page)
    if status != 200 or not form.action:
        raise Failed(f"the consent page answered {status}: {page}")
    _, location, page = browser.open(urllib.parse.urljoin(location, form.action), form.fields | {"decision": "accept"})
    if not location.startswith(f"{public_url}/oauth/callback"):
        raise Failed(f"consent led to {location}: {page}")
    status, _, page = browser.open(location)
    if status != 200 or "onnected" not in page:
        raise Failed(f"/oauth/callback answered {status}: {page}")
    return page


def answer_to(mail: email.message.EmailMessage) -> bytes:
    """What a lead's mail program sends when the lead answers."""
    answer = email.message.EmailMessage(policy=email.policy.SMTP)
    answer["From"], answer["To"] = f"Ada Lovelace <{LEAD}>", mail["Reply-To"] or mail["From"]
    answer["Subject"], answer["Message-ID"] = f"Re: {mail['Subject']}", "<answer-1@lovelace.example>"
    answer["In-Reply-To"] = answer["References"] = mail["Message-ID"]
    answer.set_content("Hello Tara,\n\nyes, let's meet next week. Tuesday is good.\n\nAda\n")
    return answer.as_bytes()


def walk(binary: pathlib.Path, steps: Steps, world: World) -> None:
    """One record's way through the product, and what must be true afterwards."""
    cloud, public_url, zoho, sink = world.cloud, world.public_url, world.zoho, world.sink
    with steps.step("GET /health"):
        status, _, page = Browser().open(f"{public_url}/health")
        if status != 200:
            raise Failed(f"{status}: {page}")

    with steps.step("an administrator connects the organisation"):
        connect(public_url)

    with steps.step("the organisation is provisioned: fields and a notification channel"):
        eventually(
            lambda: (
                zoho.state("channels")
                and any(f["api_name"] == "TEC_Schedule" for f in zoho.state("fields")["Contacts"])
            )
        )

    def assistants(command: str, *flags: str) -> str:
        command = [binary, "assistant", command, "--aws-stack", STACK, *flags]
        done = subprocess.run(
            command, env=os.environ | cloud.env, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
        if done.returncode:
            raise Failed(f"{done.stdout}{done.stderr}")
        return done.stdout

    with steps.step("an assistant is added and finds its user"):
        # Mails may leave at any hour, and this test may run on a Sunday night.
        hours = ["--zone", "UTC", "--window", "00:00-23:59", "--off-days", "none"]
        assistants("add", "--name", ASSISTANT_NAME, "--email", ASSISTANT, *hours)
        eventually(lambda: "ASSISTANT_EXISTS_AS_USER_IN_CRM" in assistants("list", "--json"))

    with steps.step("a contact is assigned to it"):
        contact = zoho.do("records", module="Contacts", fields=LEAD_NAME | {"Email": LEAD}, as_user=SALESPERSON)["id"]
        previous_owner = zoho.record(contact)["Owner"]["id"]
        zoho.do("assign", module="Contacts", ids=[contact], to=zoho.user(ASSISTANT), as_user=SALESPERSON)

    def tick() -> None:
        cloud.invoke("NurtureTick")

    with steps.step("a note on the record says who works on it"):
        eventually(lambda: zoho.about("notes", contact))
    with steps.step("the record's status is Cold"):
        eventually(lambda: zoho.record(contact).get("TEC_Lead_Connection_Status") == "Cold")
    with steps.step("the first mail arrives, as it was written"):
        mail = eventually(lambda: next((mail for mail in sink.mails if LEAD in mail["To"]), None), push=tick)
        for header in ("Reply-To", "List-Unsubscribe", "List-Unsubscribe-Post"):
            if not mail[header]:
                raise Failed(f"it has no {header}")
    with steps.step("the mail is logged on the record"):
        eventually(lambda: zoho.about("emails", contact))

    with steps.step("opening the unsubscribe page changes nothing"):
        status, _, page = Browser().open(mail["List-Unsubscribe"].partition(">")[0].lstrip("<"))
        if status != 200:
            raise Failed(f"{status}: {page}")

    with steps.step("the lead's answer hands the record back to its previous owner"):
        world.answered("answer", answer_to(mail))
        eventually(lambda: zoho.record(contact)["Owner"]["id"] == previous_owner)
    with steps.step("the answer is logged too, and nothing twice"):
        eventually(lambda: len(zoho.about("emails", contact)) >= 2)
        logged = [entry["original_message_id"] for entry in zoho.about("emails", contact)]
        if len(logged) != 2 or len(set(logged)) != 2:
            raise Failed(f"logged: {logged}")
    with steps.step("nothing more is mailed"):
        tick()
        if len(sink.mails) != 1:
            raise Failed(f"{len(sink.mails)} mails were sent")
    with steps.step("a scheduled run of Upkeep succeeds"):
        cloud.invoke("Upkeep")


def inspect(steps: Steps, world: World) -> None:
    """What must be true after the walk, and of the samples."""
    cloud = world.cloud
    with steps.check("every function had its part"):
        eventually(lambda: all(map(cloud.has_run, functions())))
    world.unharmed(steps)
    with steps.check("what is measured is watched"):
        reported, watched = cloud.reported_metrics(), cloud.watched_metrics()
        if not reported or reported - watched:
            raise Failed(f"alarms listen to {sorted(watched)}, functions report {sorted(reported)}")
    with steps.check("events/env.json names what is deployed, for `sam local invoke`"):
        given = json.loads((ROOT / "events/env.json").read_text())["Parameters"]
        deployed = {
            name: value for function in functions().values() for name, value in cloud.environment(function).items()
        }
        if set(given) != set(deployed):
            raise Failed(f"only in one of both: {sorted(set(given) ^ set(deployed))}")
        if wrong := {name: value for name, value in deployed.items() if STACK in value and given[name] != value}:
            raise Failed(f"it should say {wrong}")
    for path, function in sample_events():
        with steps.check(f"{function} takes events/{path.name}"):
            answer = cloud.invoke(function, path.read_bytes())
            if isinstance(answer, dict) and answer.get("statusCode", 200) >= 500:
                raise Failed(str(answer))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--binary",
        type=pathlib.Path,
        default=BINARY,
        help="the one-machine binary, for its simulator and its commands",
    )
    parser.add_argument("--sam", default=sam_cli(), help="the SAM CLI")
    parser.add_argument(
        "--stay",
        action="store_true",
        help="walk nowhere; leave the deployed stack running, for a browser and for sam local invoke",
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="where everything listens; 172.17.0.1 lets Docker's containers in (default: %(default)s)",
    )
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the children are stopped
    steps = Steps()
    with tempfile.TemporaryDirectory(prefix="deploy-test-") as directory, contextlib.ExitStack() as stack:
        world = None
        try:
            domains = (ASSISTANT.rpartition("@")[2], LEAD.rpartition("@")[2])
            ways = {"binary": arguments.binary, "sam": arguments.sam, "host": arguments.host, "staying": arguments.stay}
            world = World.begin(steps, stack, pathlib.Path(directory), domains=domains, **ways)
            if arguments.stay:
                addresses = {"aws": world.cloud.endpoint, "public_url": world.public_url, "zoho": world.zoho.ready}
                print(json.dumps({"stack": STACK, **addresses}), flush=True)
                signal.pause()
            walk(arguments.binary, steps, world)
            inspect(steps, world)
        except KeyboardInterrupt:
            pass
        except Exception as error:
            if steps.failed == 0 or not isinstance(error, Failed):
                traceback.print_exc()
                steps.failed = max(steps.failed, 1)
            if world:
                world.explain()
    print(f"{steps.passed} passed, {steps.failed} failed")
    return 1 if steps.failed else 0


if __name__ == "__main__":
    sys.exit(main())
