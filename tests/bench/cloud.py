"""As much of AWS, on this machine, as a function needs between its start and its first answer: Lambda's runtime API for one
function, and the services it calls, whose table is empty and whose bucket holds one mail.

Everything answers at once, so that what is measured is the process.
"""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ACCOUNT = "arn:aws:lambda:us-east-1:123456789012:function:bench"


class Cloud:
    """One start of one function. `answered` is set when it answered its first event; `calls` are what it asked of AWS."""

    def __init__(self, event, secret, mail):
        self.event, self.secret, self.mail = event, secret, mail
        self.answered, self.given, self.over = threading.Event(), threading.Event(), threading.Event()
        self.calls, self.answer, self.at = [], None, None
        handler = type("Handler", (Handler,), {"cloud": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads, self.server.handle_error = True, lambda *_: None  # processes are killed in the middle
        self.address = "127.0.0.1:%d" % self.server.server_address[1]

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.server.shutdown()
        self.server.server_close()

    def service(self, operation, asked):
        """What a service answers."""
        if operation == "GetSecretValue":
            return {"ARN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:app", "Name": "app", "SecretString": json.dumps(self.secret)}
        if operation == "Query":
            return {"Items": [], "Count": 0, "ScannedCount": 0}
        if operation == "PutEvents":
            return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"} for _ in asked["Entries"]]}
        return {}


class Handler(BaseHTTPRequestHandler):
    protocol_version, cloud = "HTTP/1.1", None
    # Head and body leave together: apart, the second would wait 40 ms for the client to acknowledge the first.
    wbufsize, disable_nagle_algorithm = -1, True

    def log_message(self, *_):
        pass

    def give(self, body, status=200, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def do_GET(self):
        if self.path.endswith("/runtime/invocation/next"):
            if self.cloud.given.is_set():  # the second event never comes
                self.cloud.over.wait()
                return
            self.cloud.given.set()
            self.give(self.cloud.event, **{
                "Content_Type": "application/json", "Lambda_Runtime_Aws_Request_Id": "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
                "Lambda_Runtime_Deadline_Ms": str(int(time.time() * 1000) + 30_000),
                "Lambda_Runtime_Invoked_Function_Arn": ACCOUNT, "Lambda_Runtime_Trace_Id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700",
            })
        else:
            self.cloud.calls.append(["s3", "GetObject", dict(zip(("Bucket", "Key"), self.path.lstrip("/").split("?")[0].split("/", 1)))])
            self.give(self.cloud.mail, Content_Type="message/rfc822", ETag='"1"', Last_Modified="Mon, 05 Jan 2026 09:00:00 GMT")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        if "/runtime/" in self.path:
            self.cloud.at, self.cloud.answer = time.perf_counter(), (self.path.rsplit("/", 1)[-1], body)
            self.give(b"", 202)
            self.cloud.answered.set()
            return
        service, _, operation = self.headers.get("X-Amz-Target", "").rpartition(".")
        asked = json.loads(body or b"{}")
        name = {"DynamoDB_20120810": "dynamodb", "secretsmanager": "secretsmanager", "AWSEvents": "events"}.get(service, service)
        self.cloud.calls.append([name, operation, asked])
        self.give(json.dumps(self.cloud.service(operation, asked)).encode(), Content_Type="application/x-amz-json-1.0")
