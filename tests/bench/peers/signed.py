"""The token of a notification channel, made and read as `domain::SigningKey` does."""

import base64
import hashlib
import hmac


def signature(key, org):
    digest = hmac.new(key, b"channel\0" + org.encode(), hashlib.sha256).digest()
    return base64.b32encode(digest[:8]).decode().rstrip("=").lower()


def token(key, org):
    return f"{org}.{signature(key, org)}"


def org_of(key, signed):
    """The organisation that a token names; `None` for a forged one."""
    org, _, signed_with = signed.rpartition(".")
    return org if hmac.compare_digest(signed_with, signature(key, org)) else None
