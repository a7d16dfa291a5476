"""Moments in the life of a log: a position, or a time on the database's clock."""

import re
from datetime import datetime
from typing import TypeAlias

from application.audit.refusals import MomentIsMalformed

Moment: TypeAlias = int | datetime

_POSITION = re.compile(r"[0-9]{1,19}")
# RFC 3339, section 5.6. In an address that is not encoded a plus sign arrives as a space.
_TIME = re.compile(
    r"(\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?([Zz]|[ +-]\d{2}:\d{2})", re.ASCII
)
_LAST_POSITION = 2**63 - 1
_MICROSECOND_DIGITS = 6


def moment_of(text: str) -> Moment:
    """The position or time that the text says. Raises MomentIsMalformed."""
    if _POSITION.fullmatch(text):
        if int(text) > _LAST_POSITION:
            raise MomentIsMalformed
        return int(text)
    found = _TIME.fullmatch(text)
    if found is None:
        raise MomentIsMalformed
    second, fraction, offset = found.groups(default="")
    fraction = fraction[:_MICROSECOND_DIGITS].ljust(_MICROSECOND_DIGITS, "0")
    try:
        return datetime.fromisoformat(f"{second}.{fraction}{offset.replace(' ', '+')}".upper())
    except ValueError:
        raise MomentIsMalformed from None
