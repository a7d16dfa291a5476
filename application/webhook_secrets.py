"""The secrets of webhooks, and the signatures that they make, after the Standard Webhooks
specification (https://www.standardwebhooks.com)."""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from uuid import UUID

PREFIX = "whsec_"
_PURPOSE = b"threadlog webhook "


def webhook_secret(secret: bytes, webhook_id: UUID, *, generation: int) -> bytes:
    """The 32 bytes with which a webhook signs: always the same for one generation.

    HMAC-SHA256 over the id and the generation, with the random secret of this installation.
    """
    message = _PURPOSE + webhook_id.bytes + generation.to_bytes(8, "big")
    return hmac.digest(secret, message, hashlib.sha256)


def shown(key: bytes) -> str:
    """A secret as its receiver gets it."""
    return PREFIX + base64.b64encode(key).decode()


def signature(keys: Iterable[bytes], *, message_id: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature`: one of each key. `timestamp`: seconds since 1970."""
    signed = b"%s.%d.%s" % (message_id.encode(), timestamp, body)
    codes = (hmac.digest(key, signed, hashlib.sha256) for key in keys)
    return " ".join(f"v1,{base64.b64encode(code).decode()}" for code in codes)
