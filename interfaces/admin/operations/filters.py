"""What a reader looks for in a list of runs, as it stands in the address of the page."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar, cast
from urllib.parse import urlencode
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from infrastructure.event_log.database import Database
from infrastructure.operations.log_growth import positions_before
from projections.run_lists import RunStatus, Wanted
from projections.runs import Kind

FIRST_YEAR, LAST_YEAR = 2000, 3000
LONGEST = 200  # characters of what is looked for

STATUSES: dict[Kind, tuple[str, ...]] = {
    "completion": ("open", "pending", "processing", "waiting", "completed", "failed", "cancelled"),
    "tool": ("open", "pending", "running", "completed", "failed", "cancelled", "timed_out"),
}

T = TypeVar("T")


class Filters(BaseModel):
    """As it was typed; an empty field is one that nothing was typed in."""

    model_config = ConfigDict(frozen=True)

    status: str = ""
    thread: str = ""
    user: str = ""
    name: str = ""  # of the model or tool
    agent: str = ""
    since: str = ""  # in UTC, as browsers write a date with a time
    until: str = ""
    cursor: str = ""

    def are_typed(self, *, but: str = "") -> bool:
        """Is something looked for, other than this?"""
        return any(value for key, value in self.model_dump().items() if key not in {"cursor", but})

    def with_cursor(self, position: int | None) -> str:
        """The query of the same list from there on."""
        typed = {key: value for key, value in self.model_dump().items() if value}
        typed.pop("cursor", None)
        if position is not None:
            typed["cursor"] = str(position)
        return urlencode(typed)


@dataclass
class Understood:
    """What of it can be looked for, and what is wrong with the rest, by field."""

    wanted: Wanted
    cursor: int | None
    errors: dict[str, str] = field(default_factory=dict[str, str])


async def understood(filters: Filters, *, kind: Kind, database: Database) -> Understood:
    """Raises LogUnavailable."""
    errors: dict[str, str] = {}

    def parsed(name: str, parse: Callable[[str], T], otherwise: str) -> T | None:
        text = str(getattr(filters, name)).strip()[:LONGEST]
        if not text:
            return None
        try:
            return parse(text)
        except ValueError:
            errors[name] = otherwise
            return None

    id_of = "An id has 32 hexadecimal digits, such as 0193f2ab-0000-7000-8000-0000deadbeef."
    time = "Write a date and a time in UTC, such as 2026-11-22T12:00."
    since, until = parsed("since", _time, time), parsed("until", _time, time)
    thread, user = parsed("thread", UUID, id_of), parsed("user", UUID, id_of)
    status = parsed("status", _one_of(STATUSES[kind]), "There is no such status.")
    cursor = parsed("cursor", _position, "There is no such page.")
    places = await positions_before(database, [at for at in (since, until) if at is not None])
    after = places[0] if since is not None else None
    through = places[-1] if until is not None else None
    name, agent = (parsed(one, _name, "No name has this character.") for one in ("name", "agent"))
    chosen = cast("RunStatus | None", status)
    wanted = Wanted(kind, chosen, thread, user, name, agent, after, through)
    return Understood(wanted, cursor, errors)


def _time(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if not FIRST_YEAR <= at.year < LAST_YEAR:
        raise ValueError
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _name(text: str) -> str:
    if not text.isprintable():  # PostgreSQL has no NUL
        raise ValueError
    return text


def _position(text: str) -> int:
    position = int(text)
    if not 0 < position < 2**63:
        raise ValueError
    return position


def _one_of(choices: tuple[str, ...]) -> Callable[[str], str]:
    def choose(text: str) -> str:
        if text not in choices:
            raise ValueError
        return text

    return choose
