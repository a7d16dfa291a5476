"""What a client asks of events: from where, which, live or not, and of which threads all."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Query

from domain.catalogue import CATALOGUE
from interfaces.http.cursor import Cursor, read_cursor
from interfaces.http.problems import FieldError, RequestInvalid

MOST_FOLLOWED = 20
PUBLIC_NAMES = frozenset(kind.name for kind in CATALOGUE if kind.public)


@dataclass(frozen=True)
class EventQuery:
    """`names`: only these; None: all."""

    cursor: Cursor
    names: frozenset[str] | None
    live: bool
    limit: int  # of a page


async def _event_query(  # noqa: PLR0917  # all by name: they are the request's parameters
    last_event_id: Annotated[list[str] | None, Header()] = None,
    after: Annotated[list[str] | None, Query()] = None,
    cursor: Annotated[list[str] | None, Query()] = None,
    names: Annotated[list[str] | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    accept: Annotated[str, Header()] = "",
) -> EventQuery:
    return EventQuery(
        cursor=read_cursor(last_event_id or (), after=[*(after or ()), *(cursor or ())]),
        names=_names(names),
        live="text/event-stream" in accept.lower(),
        limit=limit,
    )


async def _followed(
    follow: Annotated[list[str] | None, Query(description="at most 20 threads")] = None,
) -> frozenset[UUID]:
    return frozenset(_ids(value for given in follow or () for value in given.split(",") if value))


Events = Annotated[EventQuery, Depends(_event_query)]
Followed = Annotated[frozenset[UUID], Depends(_followed)]


def _ids(values: Iterable[str]) -> set[UUID]:
    """Repeated, or separated by commas."""
    try:
        ids = {UUID(value) for value in values}
    except ValueError:
        raise _wrong("follow", "Input should be the ids of threads") from None
    if len(ids) > MOST_FOLLOWED:
        raise _wrong("follow", f"At most {MOST_FOLLOWED} threads can be followed")
    return ids


def _names(values: list[str] | None) -> frozenset[str] | None:
    """Repeated, or separated by commas."""
    if values is None:
        return None
    names = frozenset(name for value in values for name in value.split(",") if name)
    if names - PUBLIC_NAMES:
        raise _wrong("names", "There is no such event")
    return names


def _wrong(parameter: str, message: str) -> RequestInvalid:
    return RequestInvalid([FieldError(loc=["query", parameter], msg=message)])
