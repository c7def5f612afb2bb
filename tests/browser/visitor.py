"""An administrator without a screen."""

import http.cookiejar
import urllib.parse
import urllib.request


class Visitor:
    """As much of a browser as signing in and sending a form takes."""

    def __init__(self, town):
        self.town = town
        # The cookies are for HTTPS; the loopback address counts as that in a browser, and not here.
        policy = http.cookiejar.DefaultCookiePolicy(secure_protocols=("https", "wss", "http"))
        self.cookies = http.cookiejar.CookieJar(policy=policy)
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))

    def _open(self, url, form):
        headers = {"origin": self.town.product, "accept": "text/html"}
        body = urllib.parse.urlencode(form).encode() if form is not None else None
        with self.opener.open(urllib.request.Request(url, body, headers), timeout=20) as answer:
            return answer.geturl(), answer.read().decode()

    def open(self, url, form=None):
        """The page; the answer to the form, if one is sent."""
        return self._open(url, form)[1]

    def lands(self, url, form):
        """The address that the form leads to."""
        return self._open(url, form)[0]

    def connect(self):
        """Connects the organisation, which signs the administrator in."""
        url, _ = self._open(f"{self.town.product}/oauth/authorize", None)
        form = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query), decision="accept")
        self._open(f"{self.town.zoho}/oauth/v2/auth/decision", form)
