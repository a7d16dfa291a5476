"""Tokens with which somebody outside delivers one execution's result."""

import base64
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from typing import TypeAlias
from uuid import UUID

PREFIX = "tlr_"
_PURPOSE = b"threadlog tool result "

ReadSecret: TypeAlias = Callable[[], Awaitable[bytes]]  # raises LogUnavailable


def result_token(secret: bytes, execution_id: UUID) -> str:
    """The execution's token: always the same, good until the execution ends.

    HMAC-SHA256 over the id, with the random secret of this installation.
    """
    code = hmac.digest(secret, _PURPOSE + execution_id.bytes, hashlib.sha256)
    return PREFIX + base64.urlsafe_b64encode(code).decode().rstrip("=")


def is_result_token(token: str, *, secret: bytes, execution_id: UUID) -> bool:
    """Does the token belong to this execution? Takes as long for one that nearly does."""
    return hmac.compare_digest(token.encode(), result_token(secret, execution_id).encode())
