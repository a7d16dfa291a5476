"""The timeline of a conversation, page by page; text as it came is folded into one row."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from domain.catalogue import CHUNK
from infrastructure.event_log.entry import LogEntry
from infrastructure.relay.frames import is_public
from interfaces.admin.inside.event_rows import (
    EventRow,
    Paper,
    Told,
    body_of,
    milliseconds,
    row_of,
    told,
)
from interfaces.admin.inside.groups import Group, group_of
from interfaces.admin.inside.words import words_of

PAGE_ROWS = 100
READ_EVENTS = 1000  # at once
MOST_READS = 20  # for one page; what is wanted may be rare in a long thread
AT_ONCE = 10  # events, before others have their turn: each may be some hundred kilobytes
FOLDED_CHARACTERS = 16_000  # shown of a fold

# Events of the thread after a position, in order, at most so many.
Read: TypeAlias = Callable[[int, int], Awaitable[Sequence[LogEntry]]]


@dataclass(frozen=True)
class Wanted:
    """Which events, and as whom."""

    sees_all: bool
    viewer: str  # an actor
    group: Group | None = None
    text: str = ""
    pieces: bool = False  # each piece of text by itself

    def holds(self, entry: LogEntry) -> bool:
        """Is it to be shown?"""
        if not self.sees_all and not is_public(entry):
            return False
        if self.group is not None and group_of(entry.name) != self.group:
            return False
        return not self.text or self._is_within(entry)

    def _is_within(self, entry: LogEntry) -> bool:
        shown = body_of(entry, sees_all=self.sees_all).decode(errors="replace")
        words = words_of(entry.name, told(entry).data)
        return self.text.casefold() in f"{entry.name}\n{words}\n{shown}".casefold()


@dataclass
class Fold:
    """Pieces of text of one answer that came one after another."""

    first: int
    stream_id: str
    thread_id: str
    kind: str
    at: datetime
    since_ms: int | None
    last: int = 0
    last_at: datetime | None = None
    pieces: int = 0
    characters: int = 0
    _texts: list[str] = field(default_factory=list[str])

    def add(self, position: int, chunk: Told) -> None:
        """One more."""
        text = str(chunk.data.get("text", ""))
        if self.characters < FOLDED_CHARACTERS:
            self._texts.append(text)
        self.last, self.last_at = position, chunk.at
        self.pieces += 1
        self.characters += len(text)

    @property
    def text(self) -> str:
        """The beginning of what was said."""
        return "".join(self._texts)[:FOLDED_CHARACTERS]

    @property
    def is_cut(self) -> bool:
        """Was more said?"""
        return self.characters > FOLDED_CHARACTERS

    @property
    def lasted_ms(self) -> int | None:
        """From the first piece to the last one."""
        return None if self.last_at is None else milliseconds(self.at, self.last_at)


Row: TypeAlias = EventRow | Fold


@dataclass(frozen=True)
class TimelinePage:
    """Some rows in order, and the position to go on after; None at the end of the thread."""

    rows: list[Row]
    through: int  # how far the thread was looked at
    next: int | None


async def timeline_page(read: Read, *, after: int, wanted: Wanted) -> TimelinePage:
    """A page of 100 rows; fewer at the end, or where what is wanted is rare.

    Raises what `read` does.
    """
    rows = Rows(wanted)
    for _ in range(MOST_READS):
        entries = await read(after, READ_EVENTS)
        for number, entry in enumerate(entries):
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)
            if wanted.holds(entry) and not rows.take(entry):
                return TimelinePage(rows.rows, after, next=after)
            after = entry.position
        if len(entries) < READ_EVENTS:
            return TimelinePage(rows.rows, after, next=None)
    return TimelinePage(rows.rows, after, next=after)


class Rows:
    """The rows of one page as they are made."""

    def __init__(self, wanted: Wanted) -> None:
        self.rows: list[Row] = []
        self._wanted = wanted
        self._paper = Paper()
        self._before: datetime | None = None

    def take(self, entry: LogEntry) -> bool:
        """False: the page is full."""
        envelope = told(entry)
        if entry.name == CHUNK and not self._wanted.pieces:
            fold = self._open_fold(entry, envelope) or self._new_fold(entry, envelope)
            if fold is None:
                return False
            fold.add(entry.position, envelope)
        elif self._is_full:
            return False
        else:
            self.rows.append(self._event(entry, envelope))
        self._before = envelope.at
        return True

    @property
    def _is_full(self) -> bool:
        return len(self.rows) == PAGE_ROWS

    def _open_fold(self, entry: LogEntry, chunk: Told) -> Fold | None:
        last = self.rows[-1] if self.rows else None
        if not isinstance(last, Fold) or last.stream_id != str(entry.originator_id):
            return None
        return last if last.kind == _kind(chunk) else None

    def _new_fold(self, entry: LogEntry, chunk: Told) -> Fold | None:
        if self._is_full:
            return None
        since = milliseconds(self._before, chunk.at)
        stream_id, thread_id = str(entry.originator_id), str(entry.thread_id)
        fold = Fold(entry.position, stream_id, thread_id, _kind(chunk), chunk.at, since)
        self.rows.append(fold)
        return fold

    def _event(self, entry: LogEntry, envelope: Told) -> EventRow:
        return row_of(
            entry,
            envelope,
            before=self._before,
            sees_all=self._wanted.sees_all,
            viewer=self._wanted.viewer,
            paper=self._paper,
        )


def _kind(chunk: Told) -> str:
    return str(chunk.data.get("kind", ""))
