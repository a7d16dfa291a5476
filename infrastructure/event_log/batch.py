"""One call of the append function: what goes in, and what its answer means for each event."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from application.ports import StreamConflict
from domain.catalogue import TERMINAL_NAMES
from infrastructure.event_log.connection import Connection
from infrastructure.event_log.entry import LogEntry
from infrastructure.event_log.statements import statement

NUMBERED_FROM_ZERO = -1
"""What is expected of a new stream whose first version is 0; only the library's users make such."""


class NewEvent(NamedTuple):
    """An event that has no place in the log yet."""

    topic: str
    state: bytes


@dataclass(frozen=True, slots=True)
class NewEvents:
    """Encoded events of one stream; the fields are those of `application.ports.StreamAppend`."""

    stream_id: UUID
    expected: int | None
    events: Sequence[NewEvent]
    thread_id: UUID | None = None
    owner_id: UUID | None = None


class Answer(NamedTuple):
    """What the append function says; indexes count from 1."""

    conflicts: list[int] | None
    versions: list[int]
    prev_positions: list[int | None]
    first_position: int
    recorded_at: datetime


@dataclass(slots=True)
class _Slot:
    """One stream within a batch."""

    index: int
    first: NewEvents
    length: int = 0
    ended: bool = False

    def continues(self, append: NewEvents) -> bool:
        """Does the append begin where the batch leaves this stream?"""
        first = self.first
        if self.ended or (append.thread_id, append.owner_id) != (first.thread_id, first.owner_id):
            return False
        if append.expected is None:
            return True
        return first.expected is not None and first.expected + self.length == append.expected


@dataclass(slots=True)
class Batch:
    """Grows by whole submissions, then is sent once."""

    slots: dict[UUID, _Slot] = field(default_factory=dict[UUID, _Slot])
    streams: list[int] = field(default_factory=list[int])  # per event: its slot
    offsets: list[int] = field(default_factory=list[int])  # per event: 1, 2, … within its slot
    topics: list[str] = field(default_factory=list[str])
    states: list[bytes] = field(default_factory=list[bytes])
    size_bytes: int = 0

    def __len__(self) -> int:
        return len(self.states)

    def add(self, appends: Sequence[NewEvents]) -> bool:
        """Take in all of them, or none when one does not continue its stream where we leave it."""
        for append in appends:
            slot = self.slots.get(append.stream_id)
            if slot is not None and not slot.continues(append):
                return False
        for append in appends:
            self._add(append)
        return True

    def _add(self, append: NewEvents) -> None:
        slot = self.slots.get(append.stream_id)
        if slot is None:
            slot = self.slots[append.stream_id] = _Slot(len(self.slots) + 1, append)
        for topic, state in append.events:
            slot.length += 1
            self.streams.append(slot.index)
            self.offsets.append(slot.length - (slot.first.expected == NUMBERED_FROM_ZERO))
            self.topics.append(topic)
            self.states.append(state)
            self.size_bytes += len(state)
        slot.ended = is_terminal(self.topics[-1])

    async def send(self, connection: Connection) -> Answer:
        """Append it all, or nothing; a conflict is in the answer, not raised."""
        slots = self.slots.values()
        row = await connection.fetchrow(
            statement("append"),
            list(self.slots),
            [_last_version(slot.first.expected) for slot in slots],
            [slot.first.thread_id for slot in slots],
            [slot.first.owner_id for slot in slots],
            self.streams,
            self.offsets,
            self.topics,
            self.states,
        )
        return Answer(*row)

    def entries(self, answer: Answer) -> list[LogEntry]:
        """The events as they stand in the log now, in order."""
        slots = list(self.slots.items())
        tails = {
            slot.first.thread_id: previous
            for (_, slot), previous in zip(slots, answer.prev_positions, strict=True)
        }
        entries: list[LogEntry] = []
        events = zip(self.streams, self.offsets, self.topics, self.states, strict=True)
        for position, (index, offset, topic, state) in enumerate(events, answer.first_position):
            stream_id, slot = slots[index - 1]
            thread_id = slot.first.thread_id
            entries.append(
                LogEntry(
                    stream_id,
                    answer.versions[index - 1] + offset,
                    topic,
                    state,
                    position,
                    thread_id,
                    slot.first.owner_id,
                    answer.recorded_at,
                    tails[thread_id],
                )
            )
            if thread_id is not None:
                tails[thread_id] = position
        return entries

    def versions(self, answer: Answer) -> dict[UUID, int]:
        """Where each stream stood before the append."""
        return dict(zip(self.slots, answer.versions, strict=True))

    def conflicts(self, answer: Answer) -> dict[UUID, int]:
        """Where each stream stands that is not where it was expected, or has ended."""
        streams = list(self.slots)
        return {streams[i - 1]: answer.versions[i - 1] for i in answer.conflicts or ()}

    def refuses(self, appends: Sequence[NewEvents], conflicts: Mapping[UUID, int]) -> bool:
        """Is a conflict about these appends, not only about one before them in the same stream?"""
        return any(
            append is self.slots[append.stream_id].first
            or (append.expected is not None and append.expected != conflicts[append.stream_id])
            for append in appends
            if append.stream_id in conflicts
        )


def _last_version(expected: int | None) -> int | None:
    return 0 if expected == NUMBERED_FROM_ZERO else expected


def is_terminal(topic: str) -> bool:
    """Does an event of this topic end its stream?"""
    return topic.partition("@")[0] in TERMINAL_NAMES


def check(appends: Sequence[NewEvents]) -> None:
    """Refuse, with ValueError, what could never be one append."""
    batch = Batch()
    for append in appends:
        if not append.events:
            raise ValueError(f"no event for stream {append.stream_id}")
        if not batch.add((append,)):
            raise ValueError(f"the appends to stream {append.stream_id} do not follow each other")
    if not batch:
        raise ValueError("nothing to append")


def conflict_of(
    appends: Sequence[NewEvents], *, versions: Mapping[UUID, int], refused: Container[UUID]
) -> StreamConflict:
    """The refusal of these appends, naming those of their streams that stand elsewhere or ended."""
    return StreamConflict(
        {
            append.stream_id: versions[append.stream_id]
            for append in appends
            if append.stream_id in refused
            or append.expected not in (None, versions.get(append.stream_id, append.expected))
        }
    )
