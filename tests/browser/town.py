"""A place where people and the product live, with a simulated Zoho; and what people do outside the console."""

import email
import json
import os
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

ASSISTANT = "tara@acme.example"
ADMINISTRATOR = "Priya Nair"
PATIENCE_SECS = 30


def eventually(look, what):
    """What `look` finds, as soon as it finds something."""
    end = time.monotonic() + PATIENCE_SECS
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError(f"{what}: not within {PATIENCE_SECS} s")


class Town:
    """What is the same wherever the product runs. `product` and `zoho` are addresses."""

    product = zoho = ""
    #: Steps that cannot be walked here, and why.
    closed = {}

    def explain(self):
        """Shows what was going on, when a step failed."""

    def unharmed(self):
        """Says, after the last step, what is wrong with the place; true if nothing is."""
        return True

    def _call(self, url, body, headers):
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=30) as answer:
            return json.loads(answer.read() or b"{}")

    def api(self, token, path):
        """What the console's API answers."""
        return self._call(f"{self.product}/console/api/{path}", None, {"authorization": f"Bearer {token}"})

    def sim(self, path, body):
        return self._call(f"{self.zoho}/_sim/{path}", json.dumps(body).encode(), {"content-type": "application/json"})

    def state(self, part):
        """What the simulated Zoho holds."""
        return self._call(f"{self.zoho}/_sim/state?only={part}", None, {})

    def assign(self, owner, first, last, company, **more):
        """Somebody makes a lead in Zoho and gives it to the assistant; returns its id here."""
        address = f"{first}@{company.split()[0]}.example".lower()
        fields = {"First_Name": first, "Last_Name": last, "Email": address, "Company": company, **more}
        made = self.sim("records", {"module": "Leads", "as_user": owner, "fields": fields})
        self.sim("assign", {"module": "Leads", "as_user": owner, "ids": [made["id"]], "to": ASSISTANT})
        return f"leads-{made['id']}"

    def mails_to(self, address):
        return [mail for mail in self.mails() if address in mail["To"]]

    def reply(self, mail, text):
        """The person answers this mail."""
        raw = (
            f"From: {mail['To']}\r\nTo: {mail['Reply-To'] or mail['From']}\r\nSubject: Re: {mail['Subject']}\r\n"
            f"Message-ID: <answer.{time.monotonic_ns()}@example.com>\r\nIn-Reply-To: {mail['Message-ID']}\r\n\r\n{text}\r\n"
        )
        self.deliver(raw.encode())


class OneMachine(Town):
    """`serve` in a directory of its own, in `within`; unless told otherwise, a day takes it 43 seconds."""

    def __init__(self, binary, clock="x2000", within=None):
        self.folder = tempfile.TemporaryDirectory(prefix="browser-test.", dir=within)
        self.processes = []
        place = Path(self.folder.name)
        self.data = place / "data"
        self.outbox = self.data / "outbox"
        sim = self._start([binary, "zoho-sim", "--http", "127.0.0.1:0"], {}, place / "sim.log")
        self.zoho = sim["base_url"]
        environment = {"ZOHO_CLIENT_ID": sim["client_id"], "ZOHO_CLIENT_SECRET": sim["client_secret"], "INBOUND_TOKEN": "let-me-in"}
        command = [binary, "serve", "--zoho-accounts", self.zoho, "--clock", clock, "--data-dir", self.data]
        self.serving = ([*command, "--http"], environment, place / "serve.log")
        self.serve("127.0.0.1:0")

    def serve(self, address):
        """Opens the product at this address."""
        command, environment, log = self.serving
        self.product = self._start([*command, address], environment, log)["http"]

    def close(self):
        """Ends the product, for a while; who goes on with `serve` keeps the address."""
        self._end(self.processes.pop())
        return self.product.removeprefix("http://")

    def _start(self, command, environment, log):
        with open(log, "wb") as errors:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, env={**os.environ, **environment})
        self.processes.append(process)
        return json.loads(process.stdout.readline())

    def stop(self):
        for process in reversed(self.processes):
            self._end(process)
        self.folder.cleanup()

    @staticmethod
    def _end(process):
        process.terminate()
        process.wait(10)

    def mails(self):
        return [email.message_from_bytes(path.read_bytes()) for path in sorted(self.outbox.glob("*.eml"))]

    def deliver(self, raw):
        self._call(f"{self.product}/mail/inbound", raw, {"authorization": "Bearer let-me-in"})
