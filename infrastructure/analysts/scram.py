"""Passwords as PostgreSQL keeps them, so that none is ever in a statement or in a server's log."""

import base64
import hashlib
import hmac
import secrets

ITERATIONS = 4096
SALT_BYTES = 16


def new_password() -> str:
    """256 random bits, safe in a URL."""
    return secrets.token_urlsafe(32)


def verifier(password: str) -> str:
    """What stands for an ASCII password in `CREATE ROLE … PASSWORD` (RFC 5802, RFC 7677)."""
    salt = secrets.token_bytes(SALT_BYTES)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, ITERATIONS)
    stored = hashlib.sha256(_hmac(salted, b"Client Key")).digest()
    server = _hmac(salted, b"Server Key")
    return f"SCRAM-SHA-256${ITERATIONS}:{_b64(salt)}${_b64(stored)}:{_b64(server)}"


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
