"""A thread's public events as they went out, chunk by chunk in the provider's own pieces."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from pydantic_core import from_json, to_json

from application.audit.moments import Moment
from application.audit.pace import Due, Pace
from application.audit.refusals import MomentsAreReversed, ThreadNotStartedThen
from domain.catalogue import CHUNK
from infrastructure.audit.log import AuditedLog
from infrastructure.audit.moments import Cut
from infrastructure.event_log.entry import LogEntry
from infrastructure.relay.frames import is_public, json_object, sse_block

PAGE_EVENTS = 1000


class Frame(NamedTuple):
    """What is shown at one moment: an event, or one piece of a chunk."""

    due: Due
    entry: LogEntry
    piece: int | None = None  # which of the chunk's deltas
    is_whole: bool = True  # with this frame the whole event has been shown

    def block(self) -> bytes:
        """As an SSE block of the native stream; only the last one of an event has its `id`."""
        if self.piece is None:
            return sse_block(self.entry)
        event = b"event: %s\ndata: %s\n\n" % (self.entry.name.encode(), self._json(self.piece))
        return b"id: %d\n%b" % (self.entry.position, event) if self.is_whole else event

    def _json(self, piece: int) -> bytes:
        """The object of the chunk with this piece for its text, and the piece's own time."""
        told: dict[str, Any] = from_json(json_object(self.entry))
        data: dict[str, Any] = told["data"]
        deltas: list[tuple[int, int]] = data["deltas"]
        begin = sum(characters for characters, _ in deltas[:piece])
        end = None if self.is_whole else begin + deltas[piece][0]  # whatever is left
        told["at"] = _time(self.due.at)
        told["data"] = {**data, "text": data["text"][begin:end], "deltas": [deltas[piece]]}
        return to_json(told)


class ReplayPlan:
    """Takes a thread's events in order, from its first one: their times count from each other."""

    def __init__(self, *, longest_pause: int | None) -> None:
        self._pace = Pace(longest_pause=longest_pause)

    def frames(self, entry: LogEntry) -> list[Frame]:
        """What this event shows, and when; nothing for one that is not public."""
        if not is_public(entry):
            return []
        state: dict[str, Any] = from_json(entry.state)
        if entry.name == CHUNK and (deltas := state["data"]["deltas"]):
            return self._pieces(entry, deltas)
        return [Frame(self._pace.event(entry.name, state["at"]), entry)]

    def _pieces(self, entry: LogEntry, deltas: Sequence[tuple[int, int]]) -> list[Frame]:
        dues, last = self._pace.pieces([passed for _, passed in deltas]), len(deltas) - 1
        return [Frame(due, entry, piece, piece == last) for piece, due in enumerate(dues)]


@dataclass(frozen=True)
class Stretch:
    """The part of a thread that is replayed."""

    after: int  # a position
    since: datetime | None  # on the database's clock; None: from the position alone
    end: Cut

    def holds(self, entry: LogEntry) -> bool:
        """Does the event belong to it? Its end is not looked at."""
        return entry.position > self.after and (
            self.since is None or entry.recorded_at >= self.since
        )


async def stretch_of(
    log: AuditedLog,
    first: LogEntry,
    *,
    begin: Moment | None,
    end: Moment | None,
    after: int = 0,
) -> Stretch:
    """From one moment to another, less what stands at or before `after`; `first` of the thread.

    Raises PositionIsAhead, TimeIsAhead, ThreadNotStartedThen or MomentsAreReversed.
    """
    await Cut.at(log, begin)
    cut = await Cut.at(log, end)
    if not cut.holds(first):
        raise ThreadNotStartedThen
    match begin, end:
        case (int() as one, int() as other) if one > other:
            raise MomentsAreReversed
        case (datetime() as one, datetime() as other) if one > other:
            raise MomentsAreReversed
        case int(position), _:
            return Stretch(max(after, position - 1), None, cut)
        case _, _:
            return Stretch(after, begin, cut)


class Replay:
    """The frames of a stretch of a thread, read a page of events at a time."""

    def __init__(
        self, log: AuditedLog, thread_id: UUID, *, stretch: Stretch, longest_pause: int | None
    ) -> None:
        self.is_over = False
        self._log = log
        self._thread_id = thread_id
        self._stretch = stretch
        self._plan = ReplayPlan(longest_pause=longest_pause)
        self._after = 0  # the times of a stretch depend on what came before it

    async def page(self) -> list[Frame]:
        """The next frames, maybe none. Raises LogUnavailable and is then safe to repeat."""
        entries = await self._log.read_thread(self._thread_id, after=self._after, limit=PAGE_EVENTS)
        within = [entry for entry in entries if self._stretch.end.holds(entry)]
        self.is_over = len(within) < PAGE_EVENTS
        self._after = within[-1].position if within else self._after
        planned = [(entry, self._plan.frames(entry)) for entry in within]
        return [
            frame for entry, frames in planned if self._stretch.holds(entry) for frame in frames
        ]


def _time(microseconds: int) -> str:
    """ISO 8601 in UTC, cut to milliseconds."""
    moment = datetime.fromtimestamp(microseconds // 1_000_000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{microseconds // 1000 % 1000:03d}Z"
