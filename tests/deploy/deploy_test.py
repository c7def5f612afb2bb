#!/usr/bin/env python3
"""Deploys what `sam build` made into an AWS in one process and takes one record through it: assigned, mailed, answered, handed back.

Everything listens on loopback: MiniStack (see cloud.py) enforcing the template's roles, the Zoho simulator, a mail server, and a door in front of the API
that stands for its public name. Nothing is kept afterwards.

    sam build --parameter-overrides Architecture=x86_64
    cargo build -p local
    .venv/deploy/bin/python tests/deploy/deploy_test.py
"""

import argparse
import contextlib
import email.message
import email.policy
import html.parser
import http.client
import http.server
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.parse
import urllib.request

import aiosmtpd.controller
import boto3

ROOT = pathlib.Path(__file__).resolve().parents[2]
STACK = "sales-assistant-test"
ASSISTANT, ASSISTANT_NAME = "tara@acme.example", "Tara Quinn"
SALESPERSON = "sam@acme.example"
LEAD, LEAD_NAME = "ada@lovelace.example", {"First_Name": "Ada", "Last_Name": "Lovelace"}
METRICS = "SalesAssistant"
REPLY_DOMAIN = "reply.acme.example"
PATIENCE = 90  # seconds; each step takes a few, on a busy machine a dozen


class Failed(Exception):
    """A step did not come true."""


class Steps:
    """Says of each step whether it came true, and counts."""

    def __init__(self) -> None:
        self.passed = self.failed = 0

    @contextlib.contextmanager
    def step(self, name: str):
        started = time.monotonic()
        try:
            yield
        except Exception as error:
            self.failed += 1
            self.say("FAILED", started, f"{name}: {error or type(error).__name__}")
            raise
        self.passed += 1
        self.say("ok", started, name)

    @staticmethod
    def say(verdict: str, started: float, text: str) -> None:
        print(f"{verdict:>6} {time.monotonic() - started:6.1f} s  {text}", flush=True)


def eventually(probe, push=lambda: None):
    """The first true answer of `probe`, asked again and again, with a `push` in between to those who could make it come true."""
    deadline = time.monotonic() + PATIENCE
    while True:
        if found := probe():
            return found
        if time.monotonic() > deadline:
            raise Failed(f"not within {PATIENCE} s")
        push()
        time.sleep(0.5)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def wait_for_port(port: int) -> None:
    def answers() -> bool:
        with socket.socket() as caller:
            return caller.connect_ex(("127.0.0.1", port)) == 0

    eventually(answers)


@contextlib.contextmanager
def child(command: list, log: pathlib.Path, **options):
    """A process that ends with the block, and whatever it started with it."""
    with log.open("ab") as stderr:
        process = subprocess.Popen([str(part) for part in command], stderr=stderr, start_new_session=True, **options)
    try:
        yield process
    finally:
        for sign, patience in [(signal.SIGTERM, 10), (signal.SIGKILL, 10)]:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, sign)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(patience)


class Sink:
    """A mail server that keeps what it is given."""

    def __init__(self) -> None:
        self.mails: list[email.message.EmailMessage] = []

    async def handle_DATA(self, server, session, envelope) -> str:
        self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 kept"

    @contextlib.contextmanager
    def listening(self, port: int):
        controller = aiosmtpd.controller.Controller(self, hostname="127.0.0.1", port=port)
        controller.start()
        try:
            yield self
        finally:
            controller.stop()


class Door(http.server.BaseHTTPRequestHandler):
    """The API's public name. MiniStack tells APIs apart by the Host header, and nobody resolves *.localhost."""

    protocol_version = "HTTP/1.1"
    cloud_port = 0
    api_id = ""

    def forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
        cloud = http.client.HTTPConnection("127.0.0.1", self.cloud_port, timeout=60)
        headers["Host"] = f"{self.api_id}.execute-api.localhost:{self.cloud_port}"
        cloud.request(self.command, self.path, body, headers)
        answer = cloud.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = forward

    def log_message(self, *_) -> None:
        pass

    @classmethod
    @contextlib.contextmanager
    def open(cls, cloud_port: int):
        cls.cloud_port = cloud_port
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), cls)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


class Form(html.parser.HTMLParser):
    """The fields of a page's form as the browser would send them, and where to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action, self.fields, self.select = "", {}, ""
        self.feed(page)

    def handle_starttag(self, tag, attributes) -> None:
        attributes = dict(attributes)
        match tag:
            case "form":
                self.action = attributes["action"]
            case "input":
                self.fields[attributes["name"]] = attributes.get("value", "")
            case "select":
                self.select = attributes["name"]
            case "option" if "selected" in attributes:
                self.fields[self.select] = attributes["value"]


class Browser:
    """Follows nothing by itself and keeps cookies, also secure ones: the door stands for HTTPS."""

    def __init__(self) -> None:
        self.cookies: dict[tuple[str, str], str] = {}

    def open(self, url: str, form: dict | None = None) -> tuple[int, str, str]:
        """Status, where it leads to, page."""
        target = urllib.parse.urlsplit(url)
        connection = http.client.HTTPConnection(target.netloc, timeout=60)
        headers = {"Accept": "text/html"}
        if cookies := "; ".join(f"{name}={value}" for (host, name), value in self.cookies.items() if host == target.netloc):
            headers["Cookie"] = cookies
        body = None
        if form is not None:
            body, headers["Content-Type"] = urllib.parse.urlencode(form), "application/x-www-form-urlencoded"
        connection.request("GET" if form is None else "POST", urllib.parse.urlunsplit(("", "", *target[2:])) or "/", body, headers)
        answer = connection.getresponse()
        for cookie in answer.headers.get_all("Set-Cookie", []):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[target.netloc, name] = value
        return answer.status, urllib.parse.urljoin(url, answer.headers.get("Location", "")), answer.read().decode()


class Zoho:
    """The simulator, seen by a person."""

    def __init__(self, ready: dict) -> None:
        self.ready = ready

    def do(self, verb: str, **body) -> dict:
        request = urllib.request.Request(f"{self.ready['base_url']}/_sim/{verb}", json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def state(self, part: str):
        with urllib.request.urlopen(f"{self.ready['base_url']}/_sim/state?only={part}", timeout=30) as answer:
            return json.load(answer)[part]

    def user(self, address: str) -> str:
        return next(user["id"] for user in self.state("users") if user["email"] == address)

    def record(self, record: str) -> dict:
        return next(found for found in self.state("records")["Contacts"] if found["id"] == record)

    def about(self, part: str, record: str) -> list[dict]:
        return [found for found in self.state(part) if found["record"] == record]


class Cloud:
    """The deployed stack."""

    def __init__(self, port: int) -> None:
        self.port, self.endpoint = port, f"http://127.0.0.1:{port}"
        self.env = {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "SAM_CLI_TELEMETRY": "0",
        }
        self.outputs: dict[str, str] = {}
        self.resources: dict[str, str] = {}

    def client(self, service: str):
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(service, endpoint_url=self.endpoint, region_name="us-east-1", **keys)

    def deploy(self, sam: str, log: pathlib.Path, parameters: dict[str, str]) -> None:
        overrides = [f"{name}={value}" for name, value in parameters.items()]
        flags = ["--stack-name", STACK, "--resolve-s3", "--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset", "--no-progressbar"]
        command = [sam, "deploy", *flags, "--parameter-overrides", *overrides]
        with log.open("wb") as output:
            done = subprocess.run(command, cwd=ROOT, env=os.environ | self.env, stdout=output, stderr=output, stdin=subprocess.DEVNULL)
        if done.returncode:
            raise Failed(f"sam deploy exited with {done.returncode}\n{tail(log)}")
        formation = self.client("cloudformation")
        stack = formation.describe_stacks(StackName=STACK)["Stacks"][0]
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        pages = formation.get_paginator("list_stack_resources").paginate(StackName=STACK)
        self.resources = {r["LogicalResourceId"]: r["PhysicalResourceId"] for page in pages for r in page["StackResourceSummaries"]}

    def invoke(self, function: str, event: bytes = b"{}") -> dict:
        answer = self.client("lambda").invoke(FunctionName=self.resources[function], Payload=event)
        payload = json.load(answer["Payload"])
        if answer.get("FunctionError"):
            raise Failed(f"{function}: {payload}")
        return payload

    def dead_letters(self) -> dict[str, list[str]]:
        sqs, found = self.client("sqs"), {}
        for name in (name for name in self.resources if name.endswith("Dlq")):
            messages = sqs.receive_message(QueueUrl=self.resources[name], MaxNumberOfMessages=10, VisibilityTimeout=0).get("Messages", [])
            if messages:
                found[name] = [message["Body"] for message in messages]
        return found

    def metrics(self) -> set[tuple[str, ...]]:
        """Names and dimensions in the embedded metric format, as CloudWatch would find them in the logs."""
        found = set()
        for line in (line for crate in functions() for line in self.log(crate) if line.startswith("{") and '"_aws"' in line):
            for declared in json.loads(line)["_aws"]["CloudWatchMetrics"]:
                if declared["Namespace"] == METRICS:
                    found |= {(metric["Name"], *names) for metric in declared["Metrics"] for names in declared["Dimensions"]}
        return found

    def log(self, function: str) -> list[str]:
        with contextlib.suppress(Exception):  # a function that never ran has no log
            events = self.client("logs").filter_log_events(logGroupName=f"/{STACK}/{function}")["events"]
            return [event["message"].rstrip() for event in events]
        return []


def tail(log: pathlib.Path, lines: int = 30) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def functions() -> dict[str, str]:
    """Logical ids by crate, as `CodeUri: functions/<crate>` names it."""
    found, logical_id = {}, ""
    for line in (ROOT / "template.yaml").read_text().splitlines():
        if line.startswith("  ") and not line.startswith("   ") and line.endswith(":"):
            logical_id = line.strip(" :")
        if line.strip().startswith("CodeUri: functions/"):
            found[line.rpartition("/")[2]] = logical_id
    return found


def sample_events() -> list[tuple[pathlib.Path, str]]:
    """Each sample with its function's logical id: a sample's name begins with the crate's."""
    crates = functions()
    samples = sorted(path for path in (ROOT / "events").glob("*.json") if path.name != "env.json")
    return [(path, crates[next(crate for crate in sorted(crates, key=len, reverse=True) if path.name.startswith(crate))]) for path in samples]


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


def explain(cloud: Cloud, work: pathlib.Path) -> None:
    """What the functions and MiniStack last said."""
    for crate in functions():
        if lines := [line for line in cloud.log(crate) if not line.startswith(("START ", "END ", "REPORT "))]:
            print(f"── {crate}", *(line[:1000] for line in lines[-8:]), sep="\n")
    for log in sorted(work.glob("*.log")):
        print(f"── {log.name}", tail(log), sep="\n")


def run(arguments: argparse.Namespace, steps: Steps, cloud: Cloud, work: pathlib.Path, stack: contextlib.ExitStack) -> None:
    mail_port, sink = free_port(), Sink()

    with steps.step("MiniStack, the mail server and the Zoho simulator start"):
        stack.enter_context(sink.listening(mail_port))
        # A clean environment, for the functions inherit it.
        env = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        env |= {"HOME": str(work), "TMPDIR": str(work), "PYTHONDONTWRITEBYTECODE": "1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        env |= {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(cloud.port), "SMTP_HOST": f"127.0.0.1:{mail_port}", "AUTH": "true"}
        env |= {"IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0"}  # listeners nobody asked for
        env |= {"LOG_LEVEL": "WARNING"}
        cloud_log = work / "cloud.log"
        stack.enter_context(child([sys.executable, ROOT / "tests/deploy/cloud.py"], cloud_log, env=env, stdout=subprocess.DEVNULL))
        simulator = [arguments.binary, "zoho-sim", "--http", "127.0.0.1:0"]
        sim = stack.enter_context(child(simulator, work / "zoho.log", stdout=subprocess.PIPE, text=True))
        first_line = sim.stdout.readline()
        if not first_line:
            raise Failed(f"the simulator did not start\n{tail(work / 'zoho.log')}")
        zoho = Zoho(json.loads(first_line))
        public_url = stack.enter_context(Door.open(cloud.port))
        wait_for_port(cloud.port)

    with steps.step("sam deploy"):
        identities = cloud.client("sesv2")  # the account's own affair, and it is out of the sandbox only for verified addresses
        for domain in (ASSISTANT.rpartition("@")[2], LEAD.rpartition("@")[2]):
            identities.create_email_identity(EmailIdentity=domain)
        parameters = {"Architecture": "x86_64", "PublicUrl": public_url, "ZohoAccounts": zoho.ready["base_url"], "AwsEndpointUrl": cloud.endpoint}
        # MiniStack has no receipt rules; the test puts into the bucket what they would.
        parameters |= {"ReplyDomain": REPLY_DOMAIN, "ReceiveBySes": "false", "LogFilter": "debug"}
        cloud.deploy(arguments.sam, work / "deploy.log", parameters)
        Door.api_id = cloud.outputs["ApiId"]

    with steps.step("the app secret gets the Zoho client and keeps its signing key"):
        secrets, name = cloud.client("secretsmanager"), cloud.outputs["AppSecret"]
        secret = json.loads(secrets.get_secret_value(SecretId=name)["SecretString"])
        if len(secret["signing_key"]) != 64:
            raise Failed("no signing key was generated")
        secret |= {"zoho_client_id": zoho.ready["client_id"], "zoho_client_secret": zoho.ready["client_secret"], "inbound_token": "inbound-token"}
        secrets.put_secret_value(SecretId=name, SecretString=json.dumps(secret))

    with steps.step("GET /health"):
        status, _, page = Browser().open(f"{public_url}/health")
        if status != 200:
            raise Failed(f"{status}: {page}")

    with steps.step("an administrator connects the organisation"):
        connect(public_url)

    with steps.step("the organisation is provisioned: fields and a notification channel"):
        eventually(lambda: zoho.state("channels") and any(f["api_name"] == "TEC_Schedule" for f in zoho.state("fields")["Contacts"]))

    with steps.step("an assistant is added"):
        add = [arguments.binary, "assistant", "add", "--aws-stack", STACK, *arguments.assistant]
        done = subprocess.run(add, env=os.environ | cloud.env, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode:
            raise Failed(f"{done.stdout}{done.stderr}")

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
    with steps.step("the first mail arrives"):
        mail = eventually(lambda: next((mail for mail in sink.mails if LEAD in mail["To"]), None), push=tick)
        for header in ("Reply-To", "List-Unsubscribe", "List-Unsubscribe-Post"):
            if not mail[header]:
                raise Failed(f"it has no {header}")
    with steps.step("the mail is logged on the record, once"):
        eventually(lambda: zoho.about("emails", contact))

    with steps.step("opening the unsubscribe page changes nothing"):
        link = mail["List-Unsubscribe"].strip("<>").partition(">")[0]
        status, _, page = Browser().open(link)
        if status != 200:
            raise Failed(f"{status}: {page}")

    with steps.step("the lead's answer hands the record back to its previous owner"):
        cloud.client("s3").put_object(Bucket=cloud.outputs["InboundBucket"], Key="answer", Body=answer_to(mail))
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
    with steps.step("every alarm on the business listens to a metric that is reported"):
        alarms = cloud.client("cloudwatch").describe_alarms()["MetricAlarms"]
        wanted = {(a["MetricName"], *(d["Name"] for d in a["Dimensions"])) for a in alarms if a["Namespace"] == METRICS}
        if missing := wanted - cloud.metrics():
            raise Failed(f"not reported: {sorted(missing)}; reported: {sorted(cloud.metrics())}")
    with steps.step("no function was refused anything by its role"):
        if refused := [line for crate in functions() for line in cloud.log(crate) if "AccessDenied" in line or "not authorized to perform" in line]:
            raise Failed(refused[0])
    with steps.step("no dead letters"):
        if letters := cloud.dead_letters():
            raise Failed(json.dumps(letters, indent=2))

    for path, function in sample_events():
        with steps.step(f"{function} takes events/{path.name}"):
            answer = cloud.invoke(function, path.read_bytes())
            if isinstance(answer, dict) and answer.get("statusCode", 200) >= 500:
                raise Failed(str(answer))

    if arguments.keep:
        print(json.dumps({"public_url": public_url, "zoho": zoho.ready["base_url"], "aws": cloud.endpoint, "stack": STACK}), flush=True)
        signal.pause()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--binary", type=pathlib.Path, default=ROOT / "target/debug/sales-assistant", help="the one-machine binary, for its simulator and its commands")
    parser.add_argument("--sam", default=shutil.which("sam", path=f"{ROOT / '.venv/bin'}:{os.environ['PATH']}"), help="the SAM CLI")
    parser.add_argument("--keep", action="store_true", help="leave everything running at the end, until Ctrl-C")
    arguments = parser.parse_args()
    arguments.assistant = ["--name", ASSISTANT_NAME, "--email", ASSISTANT, "--time-zone", "UTC", "--window", "00:00-24:00", "--off-days", "none"]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the children are stopped
    steps = Steps()
    with tempfile.TemporaryDirectory(prefix="deploy-test-") as directory, contextlib.ExitStack() as stack:
        work, cloud = pathlib.Path(directory), Cloud(free_port())
        try:
            run(arguments, steps, cloud, work, stack)
        except KeyboardInterrupt:
            pass
        except Exception as error:
            if steps.failed == 0 or not isinstance(error, Failed):
                traceback.print_exc()
                steps.failed = max(steps.failed, 1)
            explain(cloud, work)
    print(f"{steps.passed} passed, {steps.failed} failed")
    return 1 if steps.failed else 0


if __name__ == "__main__":
    sys.exit(main())
