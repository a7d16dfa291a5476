"""What the product asks of PostgreSQL, one operation at a time, each at a place of a large log."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import text

from benchmarks.rig.large_log import (
    AT_ONCE,
    EVENTS_OF_THREAD,
    EVENTS_OF_TURN,
    TURNS,
    Place,
)
from infrastructure.event_log import LogReader
from infrastructure.event_log.batch import Batch, NewEvent, NewEvents
from infrastructure.event_log.connection import Connection
from infrastructure.read_database import ReadDatabase
from infrastructure.worker.open_runs import OpenRuns
from projections import completions, messages, threads
from tests.projections.story import Reader

FLUSH = "SELECT pg_stat_force_next_flush()"
CHUNK = NewEvent("completion.chunk@1", b"chunk " * 45)

Stream: TypeAlias = tuple[UUID, UUID, UUID]  # its id, thread and owner
Operation: TypeAlias = Callable[[Place], Awaitable[None]]
Flush: TypeAlias = Callable[[], Awaitable[int]]  # tells the server its counts; its process


@dataclass(frozen=True)
class Connected:
    """Operations that share one connection."""

    flush: Flush
    operations: Mapping[str, Operation]


def log_reads(log: LogReader) -> Connected:
    """Of the log, and the look for work."""
    runs = OpenRuns(log.database)

    async def flush() -> int:
        await log.database.run(FLUSH)
        return int((await log.database.run("SELECT pg_backend_pid()"))[0][0])

    async def stream(place: Place) -> None:
        assert len(await log.read_stream(place.completion_ids[-1])) == EVENTS_OF_TURN - 3

    async def stream_cold(place: Place) -> None:
        assert len(await log.read_stream(place.completion_ids[-1], chunks=False)) == 5

    async def tail(place: Place) -> None:
        after = place.last_position - 10 * AT_ONCE
        assert len(await log.read_thread(place.thread_id, after=after)) == 10

    async def whole(place: Place) -> None:
        found = await log.read_thread_public(place.thread_id)
        assert len(found) == EVENTS_OF_THREAD

    async def cold(place: Place) -> None:
        found = await log.read_thread(place.thread_id, chunks=False)
        assert len(found) == TURNS * 8

    async def owner(place: Place) -> None:
        after = place.last_position - EVENTS_OF_TURN * AT_ONCE
        assert len(await log.read_owner_public(place.owner_id, after=after, limit=200)) == 200

    async def after(place: Place) -> None:
        scan = await log.read_after(place.last_position - 2000, limit=1000)
        assert len(scan.entries) == 1000

    async def after_cold(place: Place) -> None:
        scan = await log.read_after(place.last_position - 2000, limit=100, chunks=False)
        assert len(scan.entries) == 100

    async def tails(place: Place) -> None:
        assert await log.thread_tails([place.thread_id]) == {place.thread_id: place.last_position}

    async def unclaimed(_: Place) -> None:
        assert len(await runs.unclaimed("completion", limit=50)) == 10

    async def look(_: Place) -> None:
        assert len(await runs.look()) == 1

    return Connected(
        flush,
        {
            "read_stream, 77 events": stream,
            "read_stream without chunks, 5 events": stream_cold,
            "read_thread, last 10 events": tail,
            "read_thread, public, 400 events": whole,
            "read_thread without chunks, 40 events": cold,
            "read_owner, 200 events": owner,
            "read_after, 1,000 events": after,
            "read_after without chunks, 100 events": after_cold,
            "thread_tails, 1 thread": tails,
            "open_runs: what waits for a worker": unclaimed,
            "open_runs: who holds what": look,
        },
    )


def table_reads(tables: ReadDatabase) -> Connected:
    """What the API asks of the read tables."""

    async def flush() -> int:
        async with tables.session() as session:
            await session.scalar(text(FLUSH))
            found: int = await session.scalar(text("SELECT pg_backend_pid()"))
            return found

    async def branch(place: Place) -> None:
        async with tables.session() as session:
            found = await messages.path(
                session,
                place.thread_id,
                head=place.completion_ids[-1],
                reader=Reader(place.owner_id),
            )
            assert len(found.items) == 2 * TURNS

    async def tree(place: Place) -> None:
        async with tables.session() as session:
            found = await messages.tree(session, place.thread_id, reader=Reader(place.owner_id))
            assert len(found.items) == 2 * TURNS

    async def completion(place: Place) -> None:
        async with tables.session() as session:
            one = place.completion_ids[-1]
            assert await completions.get(session, one, reader=Reader(place.owner_id))

    async def of_thread(place: Place) -> None:
        async with tables.session() as session:
            found = await completions.list_of_thread(
                session, place.thread_id, reader=Reader(place.owner_id)
            )
            assert len(found.items) == TURNS

    async def thread(place: Place) -> None:
        async with tables.session() as session:
            assert await threads.get(session, place.thread_id, reader=Reader(place.owner_id))

    async def own_threads(place: Place) -> None:
        async with tables.session() as session:
            found = await threads.list_newest(session, reader=Reader(place.owner_id))
            assert len(found.items) == AT_ONCE

    return Connected(
        flush,
        {
            "messages of a thread, 10": branch,
            "messages of a thread, whole tree": tree,
            "completion by id": completion,
            "completions of a thread, 5": of_thread,
            "thread by id": thread,
            "a user's threads": own_threads,
        },
    )


def appends(connection: Connection, streams: Sequence[Stream]) -> Connected:
    """What the writer sends: to a stream that goes on, and to all of them at once.

    Each append stays: taken back, it would leave dead rows that no real log has.
    """
    in_turn = cycle(streams)

    async def flush() -> int:
        await connection.execute(FLUSH)
        return connection.get_server_pid()

    async def one(_: Place) -> None:
        await append(connection, [next(in_turn)])

    async def hundred(_: Place) -> None:
        await append(connection, streams)

    return Connected(flush, {"append, 1 event": one, "append, 100 streams": hundred})


async def append(
    connection: Connection, streams: Sequence[Stream], *, expected: int | None = None
) -> None:
    """One event to each stream."""
    batch = Batch()
    for stream_id, thread_id, owner_id in streams:
        assert batch.add([NewEvents(stream_id, expected, [CHUNK], thread_id, owner_id)])
    assert (await batch.send(connection)).conflicts is None
