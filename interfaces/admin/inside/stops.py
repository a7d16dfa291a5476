"""Where the slider of the time machine may stand: the events of a conversation."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.catalogue import CHUNK
from infrastructure.event_log.entry import LogEntry
from infrastructure.event_log.reader import LogReader
from infrastructure.relay.frames import is_public

MOST_STOPS = 2000
MOST_READ = 5000  # events; of a longer conversation the pieces of text are passed over


@dataclass(frozen=True)
class Stops:
    """Positions in order, at least one."""

    positions: Sequence[int]

    def index_at(self, position: int) -> int:
        """The last stop at or before a position, the first one being 0; -1: before all."""
        return bisect_right(self.positions, position) - 1

    def at(self, index: int) -> int:
        """The position of a stop; of the nearest one where there are not so many."""
        return self.positions[min(max(index, 0), len(self.positions) - 1)]


async def stops_of(reader: LogReader, thread_id: UUID, *, sees_all: bool) -> Stops:
    """Of a thread that has begun, internal events only for who sees all. Raises LogUnavailable."""
    entries = await reader.read_thread_public(thread_id, limit=MOST_READ + 1)
    if len(entries) > MOST_READ:
        entries = await reader.read_thread(thread_id, chunks=False)
    return Stops(thinned([entry for entry in entries if sees_all or is_public(entry)]))


def thinned(entries: Sequence[LogEntry], most: int = MOST_STOPS) -> list[int]:
    """Positions of these events, not many more than `most`: pieces of text are left out evenly.

    The last event is always there.
    """
    pieces = sum(entry.name == CHUNK for entry in entries)
    room = max(most - (len(entries) - pieces), 1)
    every = max(-(-pieces // room), 1)
    kept: list[int] = []
    seen = 0
    for entry in entries:
        if entry.name == CHUNK:
            seen += 1
            if seen % every:
                continue
        kept.append(entry.position)
    if entries and kept[-1:] != [entries[-1].position]:
        kept.append(entries[-1].position)
    return kept
