"""Where a client wants to go on: `Last-Event-ID` or `?after=`, a position of the log."""

import re
from collections.abc import Sequence
from typing import Literal, Protocol, TypeAlias

from domain.refusals import Refusal
from infrastructure.event_log.reader import Scan
from infrastructure.relay.subject import (
    LogReads,
    OwnerEvents,
    Subject,
    ThreadEvents,
    tails_of,
)

FROM_THE_START = 0
Cursor: TypeAlias = int | Literal["latest"]

_POSITION = re.compile(r"0|[1-9][0-9]{0,18}")
_INT64 = 2**63 - 1


class CursorIsMalformed(Refusal):
    """A cursor is the id of an event, -1 or 0 for the start, or "latest"."""


class CursorsDiffer(Refusal):
    """The request names two different cursors."""


class CursorOfAnotherThread(Refusal):
    """The cursor is not a position of this thread."""


class CursorOfAnotherUser(Refusal):
    """The cursor is not a position of your events."""


class CursorIsAhead(Refusal):
    """The cursor is beyond the end of the log."""


class CursorReads(LogReads, Protocol):
    """What is asked of the log. Raises LogUnavailable and is safe to repeat."""

    async def read_after(self, position: int, *, limit: int) -> Scan: ...


def read_cursor(last_event_id: Sequence[str], *, after: Sequence[str] = ()) -> Cursor:
    """The cursor that all values of the header and of the query say.

    A header counts before the query: a browser that connects again repeats the first URL. Empty is
    as good as absent. Raises CursorIsMalformed or CursorsDiffer.
    """
    header: set[Cursor] = {_parse(value) for value in last_event_id if value}
    query: set[Cursor] = {_parse(value) for value in after if value}
    if len(header) > 1 or len(query) > 1:
        raise CursorsDiffer
    return next(iter(header or query), FROM_THE_START)


async def position_of(cursor: Cursor, *, subject: Subject, log: CursorReads) -> int:
    """The position to read after: 0 or any of the thread or user, visible to the client or not.

    Raises CursorIsAhead, CursorOfAnotherThread or CursorOfAnotherUser.
    """
    if cursor == "latest":
        return (await tails_of(log, [subject]))[subject]
    if cursor == FROM_THE_START:
        return cursor
    entries = (await log.read_after(cursor - 1, limit=1)).entries
    if not entries:
        raise CursorIsAhead
    match subject:
        case ThreadEvents(thread_id):
            if entries[0].thread_id != thread_id:
                raise CursorOfAnotherThread
        case OwnerEvents(owner_id):
            if entries[0].owner_id != owner_id:
                raise CursorOfAnotherUser
    return cursor


def _parse(value: str) -> Cursor:
    if value == "latest":
        return "latest"
    if value == "-1":
        return FROM_THE_START
    if not _POSITION.fullmatch(value) or int(value) > _INT64:
        raise CursorIsMalformed
    return int(value)
