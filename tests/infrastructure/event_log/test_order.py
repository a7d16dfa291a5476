"""Who has read up to a position never finds an event before it later, however many write."""

import asyncio
from uuid import UUID, uuid4

from infrastructure.event_log import LogReader
from tests.infrastructure.event_log.appending import Commits, Typing, assert_sound, writer
from tests.infrastructure.event_log.databases import LogDatabase

WRITERS, SOURCES, EVENTS = 12, 5, 20
TOTAL = WRITERS * SOURCES * EVENTS


async def tail(reader: LogReader) -> list[int]:
    """Positions as a projection sees them: always after the last one that it has seen."""
    seen: list[int] = []
    while len(seen) < TOTAL:
        last = seen[-1] if seen else 0
        scan = await reader.read_after(last, limit=50)
        seen += [entry.position for entry in scan.entries]
        assert scan.through == (seen[-1] if seen else 0)
    return seen


async def write(database: LogDatabase, threads: list[UUID]) -> Commits:
    """One process: its own writer, its own completions, in threads that others write to as well."""
    commits = Commits()
    async with writer(database.url, commits) as log:
        sources = [Typing(log, events=EVENTS) for _ in range(SOURCES)]
        for number, source in enumerate(sources):
            source.thread_id = threads[number % len(threads)]
            log.attach(source)
        log.wake()
        await asyncio.gather(*(source.done.wait() for source in sources))
    return commits


async def test_twelve_writers_and_a_reader_at_the_tail_who_misses_nothing(
    any_database: LogDatabase,
) -> None:
    threads = [uuid4() for _ in range(3)]
    async with LogReader(any_database.url) as reader:
        writing = asyncio.gather(*(write(any_database, threads) for _ in range(WRITERS)))
        seen, commits = await asyncio.wait_for(asyncio.gather(tail(reader), writing), 60)
        assert seen == list(range(1, TOTAL + 1))
        await assert_sound(reader)
        told = {entry.position: entry for one in commits for entry in one.entries}
        assert len(told) == TOTAL
        for thread in threads:
            previous = 0
            for entry in await reader.read_thread(thread):
                assert told[entry.position] == entry
                assert entry.previous == previous
                previous = entry.position
