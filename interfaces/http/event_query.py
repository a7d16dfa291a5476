"""What a client asks of a thread's events: from where, which, live or not, and until when."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Depends, Header, Query

from domain.catalogue import CATALOGUE
from interfaces.http.cursor import Cursor, read_cursor
from interfaces.http.problems import FieldError, RequestInvalid

PUBLIC_NAMES = frozenset(kind.name for kind in CATALOGUE if kind.public)


@dataclass(frozen=True)
class EventQuery:
    """`names`: only these; None: all. `until_idle`: end when nothing more is under way."""

    cursor: Cursor
    names: frozenset[str] | None
    live: bool
    until_idle: bool
    limit: int  # of a page


def _event_query(  # noqa: PLR0917  # all by name: they are the request's parameters
    last_event_id: Annotated[list[str] | None, Header()] = None,
    after: Annotated[list[str] | None, Query()] = None,
    cursor: Annotated[list[str] | None, Query()] = None,
    names: Annotated[list[str] | None, Query()] = None,
    until: Annotated[Literal["idle"] | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    accept: Annotated[str, Header()] = "",
) -> EventQuery:
    return EventQuery(
        cursor=read_cursor(last_event_id or (), after=[*(after or ()), *(cursor or ())]),
        names=_names(names),
        live="text/event-stream" in accept.lower(),
        until_idle=until == "idle",
        limit=limit,
    )


Events = Annotated[EventQuery, Depends(_event_query)]


def _names(values: list[str] | None) -> frozenset[str] | None:
    """Repeated, or separated by commas."""
    if values is None:
        return None
    names = frozenset(name for value in values for name in value.split(",") if name)
    if names - PUBLIC_NAMES:
        raise RequestInvalid([FieldError(loc=["query", "names"], msg="There is no such event")])
    return names
