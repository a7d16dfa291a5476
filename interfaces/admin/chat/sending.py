"""By what a form that was sent twice is known."""

import hashlib

from interfaces.admin.forms import Form
from interfaces.http.strict_json import canonical


def hash_of(sent: Form) -> str:
    """SHA-256 of all that was sent, hexadecimal."""
    return hashlib.sha256(canonical(sent.model_dump(mode="json"))).hexdigest()
