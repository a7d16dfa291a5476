"""What the append function promises by itself, whoever calls it; on both PostgreSQL majors."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from domain.catalogue import TERMINAL_NAMES
from infrastructure.event_log import RUNTIME, Codec
from infrastructure.event_log.batch import Answer, Batch, NewEvent, NewEvents
from infrastructure.event_log.connection import Connection, connected
from tests.infrastructure.event_log.databases import LogDatabase
from tests.infrastructure.event_log.events import CANCEL, CHUNK, FINISHED, WORKER, raw, started

HANDED_OUT = ("dispatched", "awaited")


async def send(connection: Connection, *appends: NewEvents) -> Answer:
    batch = Batch()
    assert batch.add(appends)
    return await batch.send(connection)


async def versions(connection: Connection, stream_id: UUID) -> list[int]:
    rows = await connection.fetch(
        "SELECT originator_version FROM threadlog.chat_events WHERE originator_id = $1 ORDER BY 1",
        stream_id,
    )
    return [row[0] for row in rows]


async def test_a_conflict_names_its_streams_and_writes_nothing(runtime: Connection) -> None:
    good, behind, ahead = uuid4(), uuid4(), uuid4()
    await send(runtime, raw(behind, 0, "1", "2"), raw(good, 0))
    answer = await send(runtime, raw(good, 1), raw(behind, 1), raw(ahead, 3))
    assert answer.conflicts == [2, 3]
    assert answer.versions == [1, 2, 0]
    assert await versions(runtime, good) == [1]


async def test_versions_and_positions_are_dense(runtime: Connection) -> None:
    first, second = uuid4(), uuid4()
    assert (await send(runtime, raw(first, 0, "a", "b"), raw(second, 0))).first_position == 1
    answer = await send(runtime, raw(second, 1, "c"), raw(first, 2, "d"))
    assert (answer.first_position, answer.versions) == (4, [1, 2])
    assert await versions(runtime, first) == [1, 2, 3]


async def test_each_append_says_where_its_threads_stood(runtime: Connection) -> None:
    thread, other = uuid4(), uuid4()
    one, two, three = uuid4(), uuid4(), uuid4()
    answer = await send(runtime, raw(one, 0, thread_id=thread), raw(two, 0))
    assert answer.prev_positions == [0, None]
    answer = await send(
        runtime, raw(three, 0, thread_id=thread), raw(one, 1, thread_id=thread), raw(two, 1)
    )
    assert answer.prev_positions == [1, 1, None]
    answer = await send(runtime, raw(uuid4(), 0, thread_id=other), raw(one, 2, thread_id=thread))
    assert answer.prev_positions == [0, 4]


async def test_an_append_at_the_end_fits_every_version(runtime: Connection) -> None:
    stream = uuid4()
    await send(runtime, raw(stream, 0, "1", "2"))
    assert (await send(runtime, raw(stream, None, topic=CANCEL))).versions == [2]
    assert await versions(runtime, stream) == [1, 2, 3]


async def test_an_append_at_the_end_begins_no_stream(runtime: Connection) -> None:
    answer = await send(runtime, raw(uuid4(), None, topic=CANCEL))
    assert (answer.conflicts, answer.versions) == ([1], [0])


@pytest.mark.parametrize("name", TERMINAL_NAMES)
async def test_an_ended_stream_takes_nothing_more(runtime: Connection, name: str) -> None:
    stream = uuid4()
    await send(runtime, raw(stream, 0), raw(stream, 1, topic=f"{name}@1"))
    for late in (raw(stream, 2), raw(stream, None, topic=CANCEL), raw(stream, 2, topic=FINISHED)):
        assert (await send(runtime, late)).conflicts == [1]
    assert await versions(runtime, stream) == [1, 2]


async def test_nothing_follows_the_end_within_one_append(runtime: Connection) -> None:
    stream = uuid4()
    batch = Batch()
    batch.add((NewEvents(stream, 0, [NewEvent(FINISHED, b""), NewEvent(CHUNK, b"")]),))
    with pytest.raises(asyncpg.CheckViolationError, match="after its end"):
        await batch.send(runtime)


@pytest.mark.parametrize("topic", [FINISHED, "completion.failed@1", "tool.timed_out@2"])
async def test_the_table_itself_allows_one_end_per_stream(
    any_database: LogDatabase, topic: str
) -> None:
    insert = (
        "INSERT INTO threadlog.chat_events SELECT $1, $2, $3, '', "
        "coalesce(max(notification_id), 0) + 1, NULL, NULL, now() FROM threadlog.chat_events"
    )
    stream = uuid4()
    async with connected(any_database.owner_url) as superuser:
        await superuser.execute(insert, stream, 1, FINISHED)
        with pytest.raises(asyncpg.UniqueViolationError, match="terminal"):
            await superuser.execute(insert, stream, 2, topic)


async def test_thread_and_owner_of_a_stream_never_change(runtime: Connection) -> None:
    stream, thread, owner = uuid4(), uuid4(), uuid4()
    await send(runtime, raw(stream, 0, thread_id=thread, owner_id=owner))
    for wrong in (
        raw(stream, 1, thread_id=uuid4(), owner_id=owner),
        raw(stream, 1, thread_id=thread, owner_id=uuid4()),
        raw(stream, 1, thread_id=thread),
        raw(stream, None, owner_id=owner),
    ):
        with pytest.raises(asyncpg.CheckViolationError, match="another thread or owner"):
            await send(runtime, raw(uuid4(), 0), wrong)
    assert await versions(runtime, stream) == [1]


async def test_a_frozen_snapshot_is_refused(runtime: Connection) -> None:
    await runtime.execute("SET default_transaction_isolation = 'repeatable read'")
    with pytest.raises(asyncpg.InvalidTransactionStateError, match="READ COMMITTED"):
        await send(runtime, raw(uuid4(), 0))


async def test_recorded_time_is_the_databases_and_never_falls(any_database: LogDatabase) -> None:
    async with connected(any_database.owner_url) as superuser:
        await superuser.execute(
            "INSERT INTO threadlog.chat_events VALUES ($1, 1, 'a@1', '', 1, NULL, NULL, $2)",
            uuid4(),
            (tomorrow := datetime.now(UTC) + timedelta(days=1)),
        )
    async with connected(any_database.url, role=RUNTIME) as connection:
        first = await send(connection, raw(uuid4(), 0))
        assert first.recorded_at == tomorrow
        rows = await connection.fetch("SELECT recorded_at FROM threadlog.chat_events")
        assert {row[0] for row in rows} == {tomorrow}


async def test_the_clock_is_read_once_the_lock_is_held(runtime: Connection) -> None:
    times = [(await send(runtime, raw(uuid4(), 0))).recorded_at for _ in range(3)]
    now = datetime.now(UTC)
    assert times == sorted(times)
    assert now - timedelta(seconds=10) < times[-1] < now + timedelta(seconds=1)


async def test_appends_at_the_end_never_conflict_with_each_other(
    any_database: LogDatabase,
) -> None:
    streams = [uuid4() for _ in range(3)]
    thread = uuid4()
    async with connected(any_database.url, role=RUNTIME) as connection:
        await send(connection, *(raw(s, 0, thread_id=thread) for s in streams))

    async def write() -> None:
        async with connected(any_database.url, role=RUNTIME) as own:
            for _ in range(20):
                answer = await send(
                    own, *(raw(s, None, topic=CANCEL, thread_id=thread) for s in streams)
                )
                assert answer.conflicts is None

    await asyncio.gather(*(write() for _ in range(8)))
    async with connected(any_database.url, role=RUNTIME) as connection:
        for stream in streams:
            assert await versions(connection, stream) == list(range(1, 162))
        positions = await connection.fetch(
            "SELECT notification_id FROM threadlog.chat_events ORDER BY 1"
        )
        assert [row[0] for row in positions] == list(range(1, 484))


def encoded_start() -> NewEvent:
    return NewEvent(*Codec().encode(started(), at=1_763_792_145_791_284, actor=f"worker:{WORKER}"))


async def open_runs(connection: Connection) -> Sequence[tuple[object, ...]]:
    rows = await connection.fetch(
        "SELECT stream_id, kind, thread_id, worker_id, position, waiting, cancel_requested"
        " FROM threadlog.open_runs ORDER BY position"
    )
    return [tuple(row) for row in rows]


async def test_open_runs_follow_a_completion_from_request_to_end(runtime: Connection) -> None:
    run, thread = uuid4(), uuid4()

    def event(version: int, topic: str) -> NewEvents:
        return raw(run, version, topic=topic, thread_id=thread)

    await send(runtime, raw(uuid4(), 0), event(0, "completion.requested@1"))
    assert await open_runs(runtime) == [(run, "completion", thread, None, 2, False, False)]
    await send(runtime, NewEvents(run, 1, [encoded_start()], thread), event(2, CHUNK))
    assert await open_runs(runtime) == [(run, "completion", thread, WORKER, 2, False, False)]
    await send(runtime, event(3, "completion.waiting@1"))
    assert await open_runs(runtime) == [(run, "completion", thread, None, 2, True, False)]
    await send(runtime, event(4, "completion.approval_answered@1"))
    assert await open_runs(runtime) == [(run, "completion", thread, None, 2, False, False)]
    await send(runtime, event(5, CANCEL))
    assert await open_runs(runtime) == [(run, "completion", thread, None, 2, False, True)]
    await send(runtime, event(6, "completion.cancelled@1"))
    assert await open_runs(runtime) == []


async def test_open_runs_follow_a_tool(runtime: Connection) -> None:
    first, second = uuid4(), uuid4()
    await send(
        runtime, raw(first, 0, topic="tool.dispatched@1"), raw(second, 0, topic="tool.dispatched@1")
    )
    start = NewEvent("tool.started@1", encoded_start().state)
    await send(
        runtime, NewEvents(second, 1, [start]), raw(first, 1, topic="tool.cancel_requested@1")
    )
    assert await open_runs(runtime) == [
        (first, "tool", None, None, 1, False, True),
        (second, "tool", None, WORKER, 2, False, False),
    ]
    await send(runtime, raw(first, 2, topic="tool.timed_out@1"), raw(second, 2))
    assert [row[0] for row in await open_runs(runtime)] == [second]


async def test_a_tool_whose_result_comes_from_outside_wants_no_worker(runtime: Connection) -> None:
    run = uuid4()
    batch = Batch()
    batch.add((NewEvents(run, 0, [NewEvent(f"tool.{name}@1", b"") for name in HANDED_OUT]),))
    await batch.send(runtime)
    assert await open_runs(runtime) == [(run, "tool", None, None, 1, True, False)]
    await send(runtime, raw(run, 2, topic="tool.finished@1"))
    assert await open_runs(runtime) == []


async def test_a_refused_append_leaves_open_runs_alone(runtime: Connection) -> None:
    run = uuid4()
    await send(runtime, raw(run, 0, topic="completion.requested@1"))
    refused = await send(
        runtime, raw(run, 1, topic=FINISHED), raw(uuid4(), 5, topic="completion.requested@1")
    )
    assert refused.conflicts == [2]
    assert [row[0] for row in await open_runs(runtime)] == [run]


async def test_a_claim_by_somebody_who_is_no_worker_names_none(runtime: Connection) -> None:
    run = uuid4()
    await send(runtime, raw(run, 0, topic="completion.requested@1"))
    await send(
        runtime, raw(run, 1, '{"at":1,"actor":"system \\ud800"', topic="completion.started@1")
    )
    assert [row[3] for row in await open_runs(runtime)] == [None]
