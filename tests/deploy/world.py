"""The deployed stack with all that is around it, on loopback: MiniStack (see cloud.py) enforcing the template's roles, the
Zoho simulator, a mail server, and a door in front of the API that stands for its public name."""

import contextlib
import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import sys

from deployed import ROOT, Deployment, functions
from outside import Door, Sink, Zoho
from steps import Failed, Steps, child, free_port, tail, wait_for_port

REPLY_DOMAIN = "reply.acme.example"
CLOUD_PORT, PUBLIC_PORT, ZOHO_PORT = 4566, 8080, 8099  # where it stays; events/env.json knows them
BINARY = ROOT / "target/debug/sales-assistant"


def sam_cli() -> str | None:
    """The SAM CLI, ours before the machine's."""
    return shutil.which("sam", path=f"{ROOT / '.venv/bin'}:{os.environ['PATH']}")


@dataclasses.dataclass
class World:
    """What stands once it has begun."""

    cloud: Deployment
    zoho: Zoho
    sink: Sink
    work: pathlib.Path
    public_url: str = ""

    @classmethod
    def begin(
        cls,
        steps: Steps,
        stack: contextlib.ExitStack,
        work: pathlib.Path,
        *,
        binary: pathlib.Path,
        sam: str,
        host: str = "127.0.0.1",
        staying: bool = False,
        domains: tuple[str, ...],
    ) -> "World":
        """Starts everything and deploys; what it started ends with `stack`. `domains` may send and be sent to."""
        world = cls(Deployment(host, CLOUD_PORT if staying else free_port()), Zoho({}), Sink(), work)
        try:
            with steps.step("MiniStack, a mail server and the Zoho simulator start"):
                world._surround(stack, binary, host, staying)
            with steps.step("sam deploy"):
                world._deploy(sam, domains)
            with steps.step("the app secret gets the Zoho client and keeps its signing key"):
                world._fill_secret()
        except Exception:
            world.explain()
            raise
        return world

    def _surround(self, stack: contextlib.ExitStack, binary: pathlib.Path, host: str, staying: bool) -> None:
        mail_port = free_port()
        stack.enter_context(self.sink.listening(mail_port))
        # A clean environment, for the functions inherit it.
        env = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        env |= {"HOME": str(self.work), "TMPDIR": str(self.work), "PYTHONDONTWRITEBYTECODE": "1", "LOG_LEVEL": "WARNING"}
        env |= {"BIND_HOST": host, "GATEWAY_PORT": str(self.cloud.port), "SMTP_HOST": f"127.0.0.1:{mail_port}"}
        env |= {"IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0"}  # listeners nobody asked for
        # With it a function has the rights of its role and no others; one that `sam local` starts has no role.
        env |= {"AUTH": "false" if staying else "true", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        aws = [sys.executable, ROOT / "tests/deploy/cloud.py"]
        stack.enter_context(child(aws, self.work / "cloud.log", env=env, stdout=subprocess.DEVNULL))
        simulator = [binary, "zoho-sim", "--http", f"{host}:{ZOHO_PORT if staying else 0}"]
        sim = stack.enter_context(child(simulator, self.work / "zoho.log", stdout=subprocess.PIPE, text=True))
        first_line = sim.stdout.readline()
        if not first_line:
            raise Failed(f"the simulator did not start\n{tail(self.work / 'zoho.log')}")
        self.zoho = Zoho(json.loads(first_line))
        self.public_url = stack.enter_context(Door.open(host, PUBLIC_PORT if staying else 0, self.cloud.port))
        wait_for_port(host, self.cloud.port)

    def _deploy(self, sam: str, domains: tuple[str, ...]) -> None:
        identities = self.cloud.client("sesv2")  # verified addresses are the account's affair, not the stack's
        for domain in domains:
            identities.create_email_identity(EmailIdentity=domain)
        parameters = {
            "Architecture": "x86_64",
            "PublicUrl": self.public_url,
            "ZohoAccounts": self.zoho.ready["base_url"],
            "AwsEndpointUrl": self.cloud.endpoint,
        }
        # MiniStack has no receipt rules; `answered` puts into the bucket what they would.
        parameters |= {"ReplyDomain": REPLY_DOMAIN, "ReceiveBySes": "false", "LogFilter": "info"}
        self.cloud.deploy(sam, self.work / "deploy.log", parameters)
        Door.api_id = self.cloud.outputs["ApiId"]

    def _fill_secret(self) -> None:
        secrets, name = self.cloud.client("secretsmanager"), self.cloud.outputs["AppSecret"]
        secret = json.loads(secrets.get_secret_value(SecretId=name)["SecretString"])
        if len(secret["signing_key"]) != 64:
            raise Failed("no signing key was generated")
        secret |= {
            "zoho_client_id": self.zoho.ready["client_id"],
            "zoho_client_secret": self.zoho.ready["client_secret"],
            "inbound_token": "inbound-token",
        }
        secrets.put_secret_value(SecretId=name, SecretString=json.dumps(secret))

    def answered(self, name: str, mail: bytes) -> None:
        """A mail to the reply domain, where SES puts it."""
        self.cloud.client("s3").put_object(Bucket=self.cloud.outputs["InboundBucket"], Key=name, Body=mail)

    def unharmed(self, steps: Steps, expected: str = "") -> None:
        """What must be true of the functions whatever was done with them; `expected` is in errors that were wanted."""
        with steps.check("no function was refused anything by its role"):
            denied = ("AccessDenied", "not authorized to perform")
            if refused := [line for line in self.cloud.logs() if any(word in line for word in denied)]:
                raise Failed(refused[0])
        with steps.check("no function logged an error"):
            errors = [line for line in self.cloud.logs() if '"level":"ERROR"' in line]
            if errors := [line for line in errors if not expected or expected not in line]:
                raise Failed(errors[0])
        with steps.check("no dead letters"):
            if letters := self.cloud.dead_letters():
                raise Failed(json.dumps(letters, indent=2))

    def explain(self) -> None:
        """What the functions and the two simulated worlds last said."""
        for crate in functions():
            if lines := self.cloud.log(crate):
                print(f"── {crate}", *(line[:600] for line in lines[-8:]), sep="\n")
        for log in ("cloud.log", "zoho.log"):
            if (self.work / log).exists():
                print(f"── {log}", tail(self.work / log), sep="\n")
