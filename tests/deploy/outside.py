"""What is around the deployed stack: a mail server, the API's public door, a browser, and Zoho as a person uses it."""

import contextlib
import email.message
import email.policy
import html.parser
import http.client
import http.server
import json
import threading
import urllib.parse
import urllib.request

import aiosmtpd.controller


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
    cloud = ("", 0)
    api_id = ""

    def forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
        cloud = http.client.HTTPConnection(*self.cloud, timeout=60)
        headers["Host"] = f"{self.api_id}.execute-api.localhost:{self.cloud[1]}"
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
    def open(cls, host: str, port: int, cloud_port: int):
        cls.cloud = (host, cloud_port)
        server = http.server.ThreadingHTTPServer((host, port), cls)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://{host}:{server.server_port}"
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
        if cookies := "; ".join(
            f"{name}={value}" for (host, name), value in self.cookies.items() if host == target.netloc
        ):
            headers["Cookie"] = cookies
        body = None
        if form is not None:
            body, headers["Content-Type"] = urllib.parse.urlencode(form), "application/x-www-form-urlencoded"
        connection.request(
            "GET" if form is None else "POST", urllib.parse.urlunsplit(("", "", *target[2:])) or "/", body, headers
        )
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
        request = urllib.request.Request(
            f"{self.ready['base_url']}/_sim/{verb}", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
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
