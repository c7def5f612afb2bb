"""Starts a town with a connected organisation, makes a token as an administrator does, and lets schemathesis loose."""

import argparse
import http.cookiejar
import re
import subprocess
import sys
import urllib.parse
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "browser"))
from town import Town, eventually  # noqa: E402


class Browser:
    """As much of one as signing in and sending a form takes."""

    def __init__(self, town):
        self.town = town
        # The cookies are for HTTPS; the loopback address counts as that in a browser, and not here.
        policy = http.cookiejar.DefaultCookiePolicy(secure_protocols=("https", "wss", "http"))
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar(policy=policy))
        self.opener = urllib.request.build_opener(cookies)

    def _open(self, url, form=None):
        headers = {"origin": self.town.product, "accept": "text/html"}
        body = urllib.parse.urlencode(form).encode() if form is not None else None
        with self.opener.open(urllib.request.Request(url, body, headers), timeout=20) as answer:
            return answer.geturl(), answer.read().decode()

    def connect(self):
        url, _ = self._open(f"{self.town.product}/oauth/authorize")
        form = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query), decision="accept")
        self._open(f"{self.town.zoho}/oauth/v2/auth/decision", form)

    def token(self):
        _, page = self._open(f"{self.town.product}/console/tokens")
        token = re.search(r'name="token" value="([^"]+)"', page).group(1)
        form = {"token": token, "name": "fuzzing", "read": "yes", "act": "yes", "manage": "yes"}
        _, page = self._open(f"{self.town.product}/console/tokens", form)
        return re.search(r'id="made"[^>]*>([^<]+)<', page).group(1)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("binary", "schemathesis"):
        parser.add_argument(f"--{name}", required=True)
    arguments = parser.parse_args()
    town = Town(arguments.binary)
    try:
        browser = Browser(town)
        browser.connect()
        token = eventually(browser.token, "a token")
        described = f"{town.product}/console/api/openapi.json"
        command = [arguments.schemathesis, "run", described, "--header", f"Authorization: Bearer {token}"]
        # Ids and pages that are not there any more are refused, which no description can foresee.
        command += ["--exclude-checks", "positive_data_acceptance"]
        command += ["--max-examples", "40", "--seed", "1", "--no-color"]
        return subprocess.run(command, check=False).returncode
    finally:
        town.stop()


if __name__ == "__main__":
    sys.exit(main())
