"""Reads of the log: what they return, and that they use their index and no other."""

import re
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from infrastructure.embedded import EmbeddedPostgres
from infrastructure.event_log import PROJECTOR, LogEntry, LogReader
from infrastructure.event_log.batch import Batch, NewEvents
from infrastructure.event_log.connection import Connection, connected
from infrastructure.event_log.statements import statement
from tests.infrastructure.event_log.databases import LogDatabase, new_log
from tests.infrastructure.event_log.events import CHUNK, raw

PUBLIC, INTERNAL = "thread.renamed@1", "completion.message_recorded@1"


@pytest.fixture
async def reader(any_database: LogDatabase) -> AsyncIterator[LogReader]:
    async with LogReader(any_database.url) as reader:
        yield reader


async def write(connection: Connection, *appends: NewEvents) -> None:
    batch = Batch()
    assert batch.add(appends)
    assert (await batch.send(connection)).conflicts is None


def positions(entries: list[LogEntry]) -> list[int]:
    return [entry.position for entry in entries]


async def test_a_stream_is_read_in_order_after_a_version(
    reader: LogReader, runtime: Connection
) -> None:
    stream, owner, thread = uuid4(), uuid4(), uuid4()
    await write(runtime, raw(stream, 0, "a", "b", "c", thread_id=thread, owner_id=owner))
    entries = await reader.read_stream(stream)
    assert [(e.originator_version, e.state) for e in entries] == [(1, b"a"), (2, b"b"), (3, b"c")]
    assert {(e.thread_id, e.owner_id) for e in entries} == {(thread, owner)}
    assert await reader.read_stream(stream, after=1) == entries[1:]
    assert await reader.read_stream(stream, after=1, limit=1) == entries[1:2]
    assert await reader.read_stream(stream, chunks=False) == []
    assert await reader.first_of_stream(stream) == entries[0]
    assert await reader.first_of_stream(uuid4()) is None


async def mixed_thread(connection: Connection) -> UUID:
    """Positions 1 to 5 but 2: public, chunk, internal, chunk of one thread."""
    thread, one, two = uuid4(), uuid4(), uuid4()
    await write(connection, raw(one, 0, "1", topic=PUBLIC, thread_id=thread), raw(uuid4(), 0))
    await write(connection, raw(two, 0, "3", thread_id=thread))
    await write(connection, raw(one, 1, "4", topic=INTERNAL, thread_id=thread))
    await write(connection, raw(two, 1, "5", thread_id=thread))
    return thread


async def test_previous_chains_all_events_of_a_thread(
    reader: LogReader, runtime: Connection
) -> None:
    thread = await mixed_thread(runtime)
    entries = await reader.read_thread(thread)
    assert [(e.previous, e.position) for e in entries] == [(0, 1), (1, 3), (3, 4), (4, 5)]
    for after in range(6):
        expected = [e for e in entries if e.position > after]
        assert await reader.read_thread(thread, after=after) == expected
        assert await reader.read_thread(thread, after=after, limit=1) == expected[:1]


async def test_a_thread_is_read_without_its_chunks(reader: LogReader, runtime: Connection) -> None:
    thread = await mixed_thread(runtime)
    assert positions(await reader.read_thread(thread, chunks=False)) == [1, 4]
    assert positions(await reader.read_thread(thread, chunks=False, after=1)) == [4]
    assert await reader.read_thread(uuid4()) == []


async def test_the_public_read_keeps_the_chain_and_hides_what_is_internal(
    reader: LogReader, runtime: Connection
) -> None:
    thread = await mixed_thread(runtime)
    entries = await reader.read_thread_public(thread)
    assert [(e.previous, e.state) for e in entries] == [(0, b"1"), (1, b"3"), (3, b""), (4, b"5")]
    assert await reader.read_thread_public(thread, after=3, limit=1) == entries[2:3]


async def test_the_tails_of_many_threads_come_at_once(
    reader: LogReader, runtime: Connection
) -> None:
    first, unknown = await mixed_thread(runtime), uuid4()
    second = await mixed_thread(runtime)
    assert await reader.thread_tails([first, second, unknown]) == {first: 5, second: 10, unknown: 0}
    assert await reader.thread_tails([]) == {}


async def test_a_users_threads_are_read_in_one_order_with_chunks_of_the_followed_ones(
    reader: LogReader, runtime: Connection
) -> None:
    owner, stranger, first, second, third = (uuid4() for _ in range(5))
    of_thread = {first: uuid4(), second: uuid4(), third: uuid4()}
    owners = {first: owner, second: owner, third: stranger}
    for version, topic in enumerate((PUBLIC, INTERNAL, CHUNK)):  # 1 to 9
        for thread, stream in of_thread.items():
            ids = {"thread_id": thread, "owner_id": owners[thread]}
            await write(runtime, raw(stream, version, "x", topic=topic, **ids))
    await write(runtime, raw(uuid4(), 0, topic=INTERNAL, owner_id=owner))  # of no thread
    assert positions(await reader.read_owner_public(owner)) == [1, 2, 4, 5]
    everything = await reader.read_owner_public(owner, follow=[second, third])
    assert [(e.previous, e.position, e.state) for e in everything] == [
        (0, 1, b"x"),
        (1, 2, b"x"),
        (2, 4, b""),
        (4, 5, b""),
        (5, 8, b"x"),
    ]
    page = await reader.read_owner_public(owner, follow=[first, second], after=3, limit=3)
    assert [(e.previous, e.position) for e in page] == [(3, 4), (4, 5), (5, 7)]
    assert await reader.owner_tails([owner, third]) == {owner: 5, third: 0}


async def test_a_scan_says_how_far_it_looked(reader: LogReader, runtime: Connection) -> None:
    empty = await reader.read_after(0, limit=10)
    assert (empty.entries, empty.through) == ([], 0)
    await mixed_thread(runtime)

    async def scan(after: int, limit: int, *, chunks: bool) -> tuple[list[int], int]:
        found = await reader.read_after(after, limit=limit, chunks=chunks)
        return positions(found.entries), found.through

    assert await scan(0, 10, chunks=True) == ([1, 2, 3, 4, 5], 5)
    assert await scan(1, 2, chunks=True) == ([2, 3], 3)
    assert await scan(0, 10, chunks=False) == ([1, 4], 5)
    assert await scan(0, 1, chunks=False) == ([1], 1)
    assert await scan(4, 10, chunks=False) == ([], 5)
    assert await scan(5, 10, chunks=True) == ([], 5)
    assert await reader.last_position() == 5


PLANS = {
    "read_stream": ("'{thread}', 0, 10, false", {"chat_events_pkey"}),
    "read_thread": ("'{thread}', 0, 10, NULL", {"chat_events_thread_idx"}),
    "read_thread_cold": ("'{thread}', 0, 10", {"chat_events_cold_thread_idx"}),
    "read_owner": (
        "'{thread}', 0, 10, ARRAY['{thread}']::uuid[], ARRAY['a']",
        {"chat_events_cold_owner_idx", "chat_events_thread_idx"},
    ),
    "owner_tails": ("ARRAY['{thread}']::uuid[]", {"chat_events_cold_owner_idx"}),
    "read_after": ("0, 10", {"chat_events_position_idx"}),
    "read_after_cold": ("0, 10", {"chat_events_position_idx", "chat_events_cold_position_idx"}),
    "thread_tails": ("ARRAY['{thread}']::uuid[]", {"chat_events_thread_idx"}),
    "written": (
        "ARRAY['{thread}']::uuid[], ARRAY[0], ARRAY[0], ARRAY[10]",
        {"chat_events_pkey", "chat_events_thread_idx"},
    ),
    "last_position": ("", {"chat_events_position_idx"}),
}
TYPES = {
    "read_stream": "uuid, bigint, bigint, boolean",
    "read_thread": "uuid, bigint, bigint, text[]",
    "read_thread_cold": "uuid, bigint, bigint",
    "read_owner": "uuid, bigint, bigint, uuid[], text[]",
    "owner_tails": "uuid[]",
    "read_after": "bigint, bigint",
    "read_after_cold": "bigint, bigint",
    "thread_tails": "uuid[]",
    "written": "uuid[], bigint[], bigint[], bigint[]",
    "last_position": "",
}
FILL = f"""
INSERT INTO threadlog.chat_events
SELECT gen_random_uuid(), 1, CASE n % 10 WHEN 0 THEN '{PUBLIC}' ELSE '{CHUNK}' END,
       repeat('x', 100)::bytea, n, t.id, t.id, now()
  FROM generate_series(1, 20000) AS n, (SELECT gen_random_uuid() AS id) t
"""


@pytest.mark.parametrize("analysed", [False, True])
async def test_every_read_uses_its_index_and_no_other(
    any_postgres: EmbeddedPostgres, analysed: bool
) -> None:
    database = await new_log(any_postgres)
    async with connected(database.owner_url) as superuser:
        await superuser.execute(FILL)
        if analysed:
            await superuser.execute("VACUUM ANALYZE threadlog.chat_events")
        for mode in ("force_generic_plan", "force_custom_plan"):
            await superuser.execute(f"SET plan_cache_mode = {mode}")
            for name, (arguments, indexes) in PLANS.items():
                types = f"({TYPES[name]})" if TYPES[name] else ""
                values = f"({arguments.format(thread=uuid4())})" if arguments else ""
                await superuser.execute(f"PREPARE it{types} AS {statement(name)}")
                rows = await superuser.fetch(f"EXPLAIN EXECUTE it{values}")
                await superuser.execute("DEALLOCATE it")
                plan = "\n".join(row[0] for row in rows)
                assert "Seq Scan on chat_events" not in plan, plan
                used = set(re.findall(r"(?:using|Bitmap Index Scan on) (\w+)", plan))
                assert used == indexes, f"{name}, {mode}:\n{plan}"


async def test_a_projector_reads_the_log_too(database: LogDatabase) -> None:
    async with LogReader(database.url, role=PROJECTOR) as reader:
        assert (await reader.read_after(0, limit=1)).entries == []
