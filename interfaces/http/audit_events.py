"""The whole log for auditors: a line of JSON for each event, as far as it goes or for ever."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from domain.account_events import LogRead
from domain.catalogue import BY_NAME
from domain.refusals import PositionIsAhead
from infrastructure.audit.feed import PAGE_EVENTS, read_lines, topics_of
from infrastructure.audit.log import AuditedLog, LiveLog
from interfaces.http.audit_reading import LongAnswer, Reading
from interfaces.http.audit_reason import Reason, what
from interfaces.http.authentication import Caller, shown_key, still_permitted
from interfaces.http.cursor import read_cursor
from interfaces.http.in_time import TimelyRoute
from interfaces.http.problems import FieldError, RequestInvalid
from interfaces.http.resources import Here

router = APIRouter(prefix="/audit", tags=["audit"], route_class=TimelyRoute)

MEDIA_TYPE = "application/x-ndjson"
MOST_EVENTS = 100_000
LOOK_SECONDS = 0.25  # how often a log that is followed is asked for more
DESCRIBED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": 'An event on each line; at last `{"next": POSITION}`, to go on after.',
        "content": {MEDIA_TYPE: {"schema": {"type": "string"}}},
    },
}


@dataclass
class Feed:
    """What is to be shown, and how far it has been; `left` events at most (None: for ever)."""

    log: AuditedLog
    topics: Sequence[str]
    after: int
    left: int | None

    async def write(self, reading: Reading) -> None:
        """As lines."""
        while self.left != 0:
            end = await reading.patiently(self.log.last_position)
            await self._write_through(end, reading)
            if self.left is not None:
                break
            await reading.wait_until(reading.clock() + LOOK_SECONDS)
        await reading.write(self.last_words())

    async def _write_through(self, end: int, reading: Reading) -> None:
        while self.after < end and self.left != 0:
            read = partial(
                read_lines,
                self.log,
                after=self.after,
                through=end,
                topics=self.topics,
                most=PAGE_EVENTS if self.left is None else self.left,
            )
            lines = await reading.patiently(read)
            await reading.write(lines.body)
            self.after = lines.through
            self.left = None if self.left is None else self.left - lines.events

    def silence(self) -> bytes:
        """Nothing that is wanted stands at or before this position."""
        return b'{"position":%d}\n' % self.after

    def last_words(self) -> bytes:
        """Where to go on."""
        return b'{"next":%d}\n' % self.after


async def _names(
    names: Annotated[list[str] | None, Query(description="repeated, or between commas")] = None,
) -> tuple[str, ...] | None:
    """Raises RequestInvalid, which names the choices."""
    chosen = sorted({name for value in names or () for name in value.split(",") if name})
    unknown = [name for name in chosen if name not in BY_NAME]
    if unknown:
        message = f"There is no such event. Choose from {', '.join(BY_NAME)}"
        raise RequestInvalid([FieldError(loc=["query", "names"], msg=message)])
    return tuple(chosen) or None


Names = Annotated[tuple[str, ...] | None, Depends(_names)]


@router.get("/events", response_class=Response, responses=DESCRIBED)
async def audit_events(  # noqa: PLR0917  # all by name: they are the request's parameters
    request: Request,
    here: Here,
    by: Caller,
    reason: Reason,
    names: Names,
    after: Annotated[list[str] | None, Query(description="a position, or latest")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_EVENTS)] = 1000,
    *,
    follow: bool = False,
) -> Response:
    """Events of everybody, internal ones too, in order of position; `follow` goes on for ever."""
    cursor = read_cursor((), after=after or ())
    log = LiveLog(here.reader)
    end = await log.last_position()
    begin = end if cursor == "latest" else cursor
    if begin > end:
        raise PositionIsAhead
    read = LogRead(what(request), begin, names, reason)
    await here.access_log.audited(read, by=by)
    feed = Feed(log, topics_of(names), begin, None if follow else limit)
    key = shown_key(request)
    return LongAnswer(
        feed.write,
        place=here.streams.place(by.user_id),
        media_type=MEDIA_TYPE,
        is_allowed=lambda: still_permitted(here, key=key, by=by),
        leaving=here.leaving,
        silence=feed.silence,
        last_words=feed.last_words,
    )
