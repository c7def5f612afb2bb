"""MiniStack, corrected where a test against it would pass or fail for reasons that AWS does not have.

Run it like `ministack` itself, with BIND_HOST, GATEWAY_PORT, SMTP_HOST and AUTH in the environment. With AUTH=true
every function has only the rights that its role in the template gives it. Each correction says what MiniStack 1.5
does instead; remove it when that is no longer so.
"""

import base64
import contextvars
import email.message
import email.policy
import email.utils
import json
import re
from datetime import UTC, datetime

import ministack.app
from ministack.core import iam_actions
from ministack.services import apigateway, eventbridge, ses_v2
from ministack.services.cloudformation import provisioners


def routes_from_the_template() -> None:
    """Make the routes of an HTTP API that is written as an OpenAPI body, as SAM writes it. MiniStack makes the API
    and ignores the body."""
    handler = provisioners._RESOURCE_HANDLERS["AWS::ApiGatewayV2::Api"]
    create, update = handler["create"], handler["update"]

    def make_routes(api_id: str, body: dict) -> None:
        apigateway._routes[api_id], apigateway._integrations[api_id] = {}, {}
        for path, operations in body.get("paths", {}).items():
            for method, operation in operations.items():
                declared = operation["x-amazon-apigateway-integration"]
                made = apigateway._create_integration(api_id, {"integrationUri": declared["uri"]})
                target = f"integrations/{json.loads(made[2])['integrationId']}"
                apigateway._create_route(api_id, {"routeKey": f"{method.upper()} {path}", "target": target})

    def create_with_routes(logical_id, props, stack_name):
        api_id, attributes = create(logical_id, props, stack_name)
        make_routes(api_id, props.get("Body", {}))
        return api_id, attributes

    def update_with_routes(physical_id, old_props, new_props, stack_name, logical_id=None):
        api_id, attributes = update(physical_id, old_props, new_props, stack_name, logical_id)
        make_routes(api_id, new_props.get("Body", {}))
        return api_id, attributes

    handler["create"], handler["update"] = create_with_routes, update_with_routes


def leading_keys_in_policies() -> None:
    """Give IAM conditions the partition keys of a DynamoDB request. MiniStack does not know dynamodb:LeadingKeys
    and lets ForAllValues pass without it."""
    context = iam_actions.dynamodb_service_context

    def context_with_keys(body: bytes) -> dict:
        keys = leading_keys(json.loads(body or b"{}"))
        return context(body) | ({"dynamodb:LeadingKeys": keys} if keys else {})

    iam_actions.dynamodb_service_context = context_with_keys


def leading_keys(request: dict) -> list[str]:
    """The values of `pk` (of an index's `..._pk` in a query on it) that a request names."""
    keys = []
    for part in request_parts(request):
        item = part.get("Key") or part.get("Item") or {}
        keys += [value["S"] for name, value in item.items() if name == "pk"]
        names, values = part.get("ExpressionAttributeNames", {}), part.get("ExpressionAttributeValues", {})
        for name, value in re.findall(r"(#?\w+)\s*=\s*(:\w+)", part.get("KeyConditionExpression", "")):
            if names.get(name, name).endswith("pk"):
                keys.append(values[value]["S"])
    return keys


def request_parts(request: dict) -> list[dict]:
    """The single requests in a DynamoDB request: itself, or those of its batch or transaction."""
    parts = [request]
    for item in request.get("TransactItems", []):
        parts += item.values()
    for table in request.get("RequestItems", {}).values():
        if isinstance(table, dict):
            parts += [{"Key": key} for key in table["Keys"]]
        else:
            parts += [inner for write in table for inner in write.values()]
    return parts


def sending_by_identity() -> None:
    """Check the right to send on the sender's identity. MiniStack checks it on "*", which no careful policy allows."""
    extract = iam_actions.extract_resource_arn

    def resource_arn(service, method, path, headers, body, query_params, region, account_id):
        if service != "ses" or method != "POST" or not path.endswith("/outbound-emails"):
            return extract(service, method, path, headers, body, query_params, region, account_id)
        request = json.loads(body)
        sender = request.get("FromEmailAddress") or raw_mail(request)["From"]
        return f"arn:aws:ses:{region}:{account_id}:identity/{email.utils.parseaddr(sender)[1].rpartition('@')[2]}"

    iam_actions.extract_resource_arn = resource_arn


def raw_mail(request: dict) -> email.message.EmailMessage:
    """The mail in a request to send one; an empty mail if the request has its parts instead."""
    data = request.get("Content", {}).get("Raw", {}).get("Data", "")
    return email.message_from_bytes(base64.b64decode(data), policy=email.policy.default)


raw_message: contextvars.ContextVar[bytes | None] = contextvars.ContextVar("raw_message", default=None)


def mail_as_written() -> None:
    """Relay a raw mail as it was written and tell the bus about it. MiniStack builds a new mail from subject and
    text, so that reply address, references and unsubscribe headers are lost; returns the whole Message-ID where SES
    returns the part before the @; and publishes no events."""
    handle, build = ses_v2.handle_request, ses_v2._build_mime_message

    def build_or_keep(source, to, cc, bcc, subject, text, html, message_id):
        raw = raw_message.get()
        if raw is None:
            return build(source, to, cc, bcc, subject, text, html, message_id)
        message = email.message_from_bytes(raw, policy=email.policy.SMTP.clone(refold_source="none"))
        del message["Message-ID"]  # SES rewrites it, whatever the sender wrote
        message["Message-ID"] = f"<{message_id}>"
        return message.as_bytes()

    async def handle_request(method, path, headers, body, query_params):
        if method != "POST" or not path.endswith("/outbound-emails"):
            return await handle(method, path, headers, body, query_params)
        request = json.loads(body)
        message = raw_mail(request)
        if raw := request.get("Content", {}).get("Raw", {}).get("Data"):
            # SES takes the envelope from the headers where the request leaves it out.
            request.setdefault("FromEmailAddress", message["From"])
            if not any(request.setdefault("Destination", {}).values()):
                request["Destination"]["ToAddresses"] = [str(message["To"])]
            raw_message.set(base64.b64decode(raw))
        status, response_headers, response = await handle(
            method, path, headers, json.dumps(request).encode(), query_params
        )
        if status == 200:
            message_id = json.loads(response)["MessageId"].partition("@")[0]
            response = json.dumps({"MessageId": message_id}).encode()
            publish_sent_and_delivered(request, message, message_id)
        return status, {k: v for k, v in response_headers.items() if k.lower() != "content-length"}, response

    ses_v2.handle_request, ses_v2._build_mime_message = handle_request, build_or_keep


def publish_sent_and_delivered(request: dict, message: email.message.EmailMessage, message_id: str) -> None:
    """Put what SES says of a mail that arrived on the default bus, if the mail's configuration set asks for it."""
    configuration_set = request.get("ConfigurationSetName", "")
    destinations = (ses_v2._config_sets.get(configuration_set) or {}).get("EventDestinations", {})
    if not any("EventBridgeDestination" in destination for destination in destinations.values()):
        return
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    recipients = [email.utils.parseaddr(to)[1] for to in request["Destination"].get("ToAddresses", [])]
    mail = {
        "timestamp": now,
        "source": request["FromEmailAddress"],
        "messageId": message_id,
        "destination": recipients,
        "headersTruncated": False,
        "headers": [{"name": name, "value": str(value)} for name, value in message.items()],
        "commonHeaders": {
            "from": [str(message["From"])],
            "to": recipients,
            "messageId": message_id,
            "subject": str(message["Subject"]),
        },
        "tags": {"ses:configuration-set": [configuration_set]}
        | {t["Name"]: [t["Value"]] for t in request.get("EmailTags", [])},
    }
    delivery = {
        "timestamp": now,
        "processingTimeMillis": 500,
        "recipients": recipients,
        "smtpResponse": "250 OK",
        "reportingMTA": "a1.smtp-out.amazonses.com",
    }
    for detail_type, detail in [
        ("Email Sent", {"eventType": "Send", "mail": mail, "send": {}}),
        ("Email Delivered", {"eventType": "Delivery", "mail": mail, "delivery": delivery}),
    ]:
        entry = {"Source": "aws.ses", "DetailType": detail_type, "Detail": json.dumps(detail)}
        eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)


if __name__ == "__main__":
    routes_from_the_template()
    leading_keys_in_policies()
    sending_by_identity()
    mail_as_written()
    ministack.app.main()
