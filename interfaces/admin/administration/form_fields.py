"""The fields of the forms of administration, with their limits, told in plain words."""

from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator

from application.keys import now_microseconds
from domain.account_events import Role

NAME_CHARACTERS = 100
DAY = 24 * 60 * 60 * 1_000_000  # in microseconds

ROLES: tuple[tuple[Role, str], ...] = (
    ("user", "User: own conversations"),
    ("auditor", "Auditor: reads every conversation, with a reason"),
    ("analyst", "Analyst: figures, no conversations"),
    ("admin", "Administrator: users, webhooks, operations"),
)
DAYS: TypeAlias = Literal["7", "30", "90", "365"]
LIFETIMES = (
    ("", "Never"),
    ("7", "In 7 days"),
    ("30", "In 30 days"),
    ("90", "In 90 days"),
    ("365", "In a year"),
)


def _stripped(text: object) -> object:
    return (text.strip() or None) if isinstance(text, str) else text


def _not_long(name: str | None) -> str | None:
    if name is not None and len(name) > NAME_CHARACTERS:
        raise ValueError(f"must be at most {NAME_CHARACTERS} characters long")
    return name


Label = Annotated[str | None, AfterValidator(_not_long), BeforeValidator(_stripped)]


def expiry(days: DAYS | None) -> int | None:
    """When a key shall expire that is issued now, in microseconds since 1970; None: never."""
    return None if days is None else now_microseconds() + int(days) * DAY
