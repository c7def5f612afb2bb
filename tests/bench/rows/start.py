"""B2: from the start of the process to the answer to its first event, each function, with its SDK clients; memory; size."""

import io
import json
import os
import subprocess
import sys
import time
import zipfile

from cloud import Cloud
from table import Row, median

sys.path.append(os.path.join(os.path.dirname(__file__), "../peers"))
from signed import token  # noqa: E402

GOAL_RATIO, GOAL_MB, GOAL_ZIP_MB = 10, 20, 5
KEY = "0123456789abcdef0123456789abcdef"
SECRET = {"zoho_client_id": "1000.X", "zoho_client_secret": "s", "signing_key": KEY, "inbound_token": "t"}
#: The functions, a sample event of each, and the clients that a Python function for it would make.
FUNCTIONS = {
    "oauth-callback": ("oauth-callback-authorize", ["dynamodb", "events", "secretsmanager"]),
    "crm-webhook": ("crm-webhook-notification", ["dynamodb", "events", "secretsmanager"]),
    "enrolment": ("enrolment-records-changed", ["dynamodb", "events", "secretsmanager"]),
    "nurture-tick": ("nurture-tick", ["dynamodb", "events", "secretsmanager", "sesv2"]),
    "crm-writeback": ("crm-writeback-pending", ["dynamodb", "events", "secretsmanager"]),
    "inbound-email": ("inbound-email-received", ["dynamodb", "events", "secretsmanager", "s3"]),
    "mail-events": ("mail-events-delivered", ["dynamodb", "events", "secretsmanager"]),
    "console": ("console-unsubscribe-page", ["dynamodb", "events", "secretsmanager"]),
    "upkeep": ("upkeep", ["dynamodb", "events", "secretsmanager"]),
}


def measure(bench):
    with open(bench.root / "events/env.json") as file:
        settings = json.load(file)["Parameters"]
    mail = (bench.root / "shared/mail/fixtures/out-of-office.eml").read_bytes()
    rounds = bench.size(9, 5)
    slowest, largest, fattest = [], {}, {}
    for function, (sample, clients) in FUNCTIONS.items():
        event = (bench.root / f"events/{sample}.json").read_bytes()
        event = event.replace(b"bm90LXRoZS1yZWFsLXRva2Vu", token(KEY.encode(), "us-60001").encode())
        made = []

        def start(command, more, event=event, made=made):
            with Cloud(event, SECRET, mail) as cloud:
                found = once(command, cloud, {**settings, **more})
                made[:] = cloud.calls
            bench.seen.setdefault("answers", {})[function] = found.pop("answer")
            return found

        binary = bench.release / function
        calls = (start([binary], {}), json.dumps(made))[1]
        python = {"CALLS": calls, "CLIENTS": json.dumps(clients), "PYTHONPATH": str(bench.peers), "_HANDLER": "handler.handle"}
        found = bench.rounds_of({
            f"{function}": lambda: start([binary], {}),
            f"{function} in python": lambda: start([bench.python, "-m", "awslambdaric", "handler.handle"], python),
        }, rounds)
        ours, peer = found[function], found[f"{function} in python"]
        slowest.append((median(peer, "secs") / median(ours, "secs"), function, median(ours, "secs"), median(peer, "secs")))
        largest[function] = (max(figure["rss_mb"] for figure in ours), max(figure["rss_mb"] for figure in peer))
        fattest[function] = zipped(binary)
    slowest.sort()
    ratio, worst, _, _ = slowest[0]
    span = lambda at: f"{min(row[at] for row in slowest) * 1000:.0f} to {max(row[at] for row in slowest) * 1000:.0f} ms"  # noqa: E731
    yield Row("B2", "process start to first answer, with SDK clients, nine functions", span(2), f"Python, boto3 {span(3)}",
              f"{ratio:.1f}× to {slowest[-1][0]:.1f}×; least: {worst}", f"≥ {GOAL_RATIO}× each", ratio >= GOAL_RATIO)
    (rss, peer_rss), name = max((largest[function], function) for function in largest)
    yield Row("B2", "memory at that answer (peak resident set), largest function", f"{rss:.1f} MB ({name})", f"{peer_rss:.0f} MB",
              goal=f"≤ {GOAL_MB} MB", met=rss <= GOAL_MB)
    size, name = max((fattest[function], function) for function in fattest)
    over = sum(size > GOAL_ZIP_MB for size in fattest.values())
    yield Row("B2", f"zip of a function, largest ({over} of {len(fattest)} over the goal)", f"{size:.1f} MB ({name})",
              goal=f"≤ {GOAL_ZIP_MB} MB", met=size <= GOAL_ZIP_MB)


def once(command, cloud, settings):
    """Starts a process and waits for its answer: seconds, and what it needed."""
    environment = {
        "PATH": os.environ["PATH"], **settings, "AWS_LAMBDA_RUNTIME_API": cloud.address, "AWS_ENDPOINT_URL": f"http://{cloud.address}",
        "AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none", "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_LAMBDA_FUNCTION_NAME": "bench", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256", "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_LOG_GROUP_NAME": "bench", "AWS_LAMBDA_LOG_STREAM_NAME": "bench", "RUST_LOG": "error",
        "LAMBDA_TASK_ROOT": ".", "PYTHONDONTWRITEBYTECODE": "",
    }
    began = time.perf_counter()
    process = subprocess.Popen([str(part) for part in command], env=environment, stdout=subprocess.DEVNULL)
    try:
        if not cloud.answered.wait(30):
            raise RuntimeError(f"{command[0]} did not answer")
        secs = cloud.at - began
        status = open(f"/proc/{process.pid}/status").read()
    finally:
        process.kill()
        process.wait()
    kind, answer = cloud.answer
    if kind == "error":
        raise RuntimeError(f"{command[0]} failed: {answer.decode()}")
    rss = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))
    return {"secs": secs, "rss_mb": rss / 1024, "answer": answer.decode()[:200]}


def zipped(binary):
    """Megabytes of the deployment package."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.write(binary, "bootstrap")
    return packed.tell() / 1e6
