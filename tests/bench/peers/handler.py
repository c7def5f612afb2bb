"""B2's peer: a function in Python, with the same clients, the same secret read at its start, and the same calls for its first
event as ours made for it. `CALLS` lists them: service, operation, parameters.

Started as Lambda starts it: `python -m awslambdaric handler.handle`.
"""

import json
import os
import re

import boto3

CALLS = json.loads(os.environ["CALLS"])
CLIENTS = {service: boto3.client(service) for service in json.loads(os.environ["CLIENTS"])}


def ask(service, operation, parameters):
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", operation).lower()
    answer = getattr(CLIENTS[service], name)(**parameters)
    if "Body" in answer:
        answer["Body"].read()
    return answer


SECRETS = [json.loads(ask(*call)["SecretString"]) for call in CALLS if call[0] == "secretsmanager"]


def handle(event, context):
    for call in CALLS:
        if call[0] != "secretsmanager":
            ask(*call)
    return {"statusCode": 200, "body": ""} if "requestContext" in event else {"batchItemFailures": []}
