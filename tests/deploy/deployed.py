"""The deployed stack, as its operator sees it."""

import contextlib
import json
import os
import pathlib
import subprocess

import boto3
from steps import Failed, tail

ROOT = pathlib.Path(__file__).resolve().parents[2]
STACK = "sales-assistant-local"
METRICS = "SalesAssistant"


class Deployment:
    """The deployed stack."""

    def __init__(self, host: str, port: int) -> None:
        self.port, self.endpoint = port, f"http://{host}:{port}"
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
        flags = [
            "--stack-name",
            STACK,
            "--resolve-s3",
            "--capabilities",
            "CAPABILITY_IAM",
            "--no-confirm-changeset",
            "--no-progressbar",
        ]
        command = [sam, "deploy", *flags, "--parameter-overrides", *overrides]
        with log.open("wb") as output:
            done = subprocess.run(
                command, cwd=ROOT, env=os.environ | self.env, stdout=output, stderr=output, stdin=subprocess.DEVNULL
            )
        if done.returncode:
            raise Failed(f"sam deploy exited with {done.returncode}\n{tail(log)}")
        formation = self.client("cloudformation")
        stack = formation.describe_stacks(StackName=STACK)["Stacks"][0]
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        pages = formation.get_paginator("list_stack_resources").paginate(StackName=STACK)
        self.resources = {
            r["LogicalResourceId"]: r["PhysicalResourceId"] for page in pages for r in page["StackResourceSummaries"]
        }

    def invoke(self, function: str, event: bytes = b"{}") -> dict:
        answer = self.client("lambda").invoke(FunctionName=self.resources[function], Payload=event)
        payload = json.load(answer["Payload"])
        if answer.get("FunctionError"):
            raise Failed(f"{function}: {payload}")
        return payload

    def environment(self, function: str) -> dict[str, str]:
        return self.client("lambda").get_function_configuration(FunctionName=self.resources[function])["Environment"][
            "Variables"
        ]

    def dead_letters(self) -> dict[str, list[str]]:
        sqs, found = self.client("sqs"), {}
        for name in (name for name in self.resources if name.endswith("Dlq")):
            messages = sqs.receive_message(
                QueueUrl=self.resources[name], MaxNumberOfMessages=10, VisibilityTimeout=0
            ).get("Messages", [])
            if messages:
                found[name] = [message["Body"] for message in messages]
        return found

    def written(self, crate: str) -> list[str]:
        """All lines of a function's log."""
        with contextlib.suppress(Exception):  # a function that never ran has no log
            events = self.client("logs").filter_log_events(logGroupName=f"/{STACK}/{crate}")["events"]
            return [event["message"].rstrip() for event in events]
        return []

    def has_run(self, crate: str) -> bool:
        return any(line.startswith("END ") for line in self.written(crate))

    def log(self, crate: str) -> list[str]:
        """What a function wrote, without what Lambda adds."""
        return [line for line in self.written(crate) if not line.startswith(("START ", "END ", "REPORT "))]

    def logs(self) -> list[str]:
        return [f"{crate}: {line}" for crate in functions() for line in self.log(crate)]

    def reported_metrics(self) -> set[tuple[str, ...]]:
        """Names and dimensions in the embedded metric format, as CloudWatch would find them in the logs."""
        found = set()
        for line in (line for crate in functions() for line in self.log(crate) if '"_aws"' in line):
            for declared in json.loads(line)["_aws"]["CloudWatchMetrics"]:
                if declared["Namespace"] == METRICS:
                    names = [metric["Name"] for metric in declared["Metrics"]]
                    found |= {(name, *dimensions) for name in names for dimensions in declared["Dimensions"]}
        return found

    def watched_metrics(self) -> set[tuple[str, ...]]:
        """Names and dimensions of what the alarms on the business listen to."""
        alarms = self.client("cloudwatch").describe_alarms()["MetricAlarms"]
        ours = [alarm for alarm in alarms if alarm["Namespace"] == METRICS]
        return {(alarm["MetricName"], *(dimension["Name"] for dimension in alarm["Dimensions"])) for alarm in ours}


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
    return [
        (path, crates[next(crate for crate in sorted(crates, key=len, reverse=True) if path.name.startswith(crate))])
        for path in samples
    ]
