"""The tables of record move together, each event once, and can be made again from the log."""

import asyncio
import math

import pytest
from sqlalchemy import text

from domain.completion_events import Chunk, CompletionStarted
from domain.execution_events import ExecutionFinished, ExecutionStarted
from domain.thread_events import ThreadRenamed
from infrastructure.embedded import EmbeddedPostgres
from projections import checkpoints
from projections.async_tool_executions import AsyncToolExecution
from projections.checkpoints import CheckpointMoved
from projections.projection import Poisoned
from projections.threads import Thread
from tests.projections.random_story import random_log
from tests.projections.story import WORKER, Log, Story
from tests.projections.tables import (
    TABLES,
    Tables,
    assert_batches_do_not_matter,
    assert_rebuilt_equals_live,
    tables_in,
)
from tests.projections.test_async_tool_executions import dispatch


@pytest.fixture
def tables(any_tables: Tables) -> Tables:
    """What concerns the SQL itself is tested on the oldest and the newest major."""
    return any_tables


@pytest.mark.parametrize("seed", range(3))
async def test_rows_do_not_depend_on_where_batches_end(seed: int, tables: Tables) -> None:
    events = random_log(seed, events=300).events
    rows = await assert_batches_do_not_matter(tables, events, seed=seed)
    assert all(rows.values()), "the story is too short to prove anything"


async def test_a_rebuild_up_to_any_event_equals_what_was_live_then(tables: Tables) -> None:
    await assert_rebuilt_equals_live(tables, random_log(99, events=40, threads=2).events)


async def test_chunks_change_nothing(tables: Tables) -> None:
    events = random_log(7, events=200).events
    await tables.apply(events)
    with_chunks = await tables.dump()
    cold = [event for event in events if not isinstance(event.event, Chunk)]
    assert len(cold) < len(events)
    await tables.clear()
    await tables.apply(cold)
    assert await tables.dump() == with_chunks


async def test_a_batch_is_applied_once(log: Log, story: Story, tables: Tables) -> None:
    story.ask("Hello")
    await tables.apply(log.events)
    before = await tables.dump()
    with pytest.raises(CheckpointMoved):
        await tables.apply_from(0, log.events)
    assert await tables.dump() == before


async def test_of_two_projectors_with_the_same_batch_one_is_refused(
    log: Log, story: Story, tables: Tables
) -> None:
    story.ask("Hello")
    other = Tables(tables.url, owner_url=tables.owner_url)

    async def apply(one: Tables) -> str:
        try:
            await one.apply(log.events)
        except CheckpointMoved:
            return "refused"
        return "applied"

    assert sorted(await asyncio.gather(apply(tables), apply(other))) == ["applied", "refused"]
    await other.close()
    assert (await tables.one(Thread)).message_count == 1


async def test_an_event_that_cannot_be_applied_is_named_and_leaves_no_trace(
    log: Log, story: Story, tables: Tables
) -> None:
    story.ask("Hello")
    orphan = story.stream(WORKER, CompletionStarted(1, WORKER))
    with pytest.raises(Poisoned, match=f"RowIsMissing: Completion {WORKER}") as poisoned:
        await tables.apply(log.events)
    assert poisoned.value.position == orphan
    assert not any((await tables.dump()).values())
    checkpoint = await tables.reading.checkpoint()
    assert checkpoint is not None
    assert checkpoint.position == 0


async def test_why_the_group_stands_still_is_told_until_it_moves_again(
    log: Log, story: Story, tables: Tables
) -> None:
    await tables.apply(log.events)
    copy = await tables.copy()
    async with tables.engine.begin() as connection:
        await checkpoints.stop(connection, copy, after=1, at=2, error="broken")
    stopped = await tables.reading.checkpoint()
    assert stopped is not None
    assert (stopped.position, stopped.stopped_at, stopped.error) == (1, 2, "broken")
    story.ask("Hello")
    await tables.apply(log.events)
    moved = await tables.reading.checkpoint()
    assert moved is not None
    assert (moved.stopped_at, moved.error) == (None, None)


async def test_text_that_postgresql_cannot_hold_stops_nobody(
    log: Log, story: Story, tables: Tables
) -> None:
    story.thread(ThreadRenamed("nul \0"))
    execution = dispatch(story)
    story.stream(
        execution,
        ExecutionStarted(1, WORKER),
        ExecutionFinished({"nul\0": ["\0", {"not a number": math.nan}], "infinite": math.inf}),
    )
    await tables.apply(log.events)
    assert (await tables.one(Thread)).title == "nul \N{REPLACEMENT CHARACTER}"
    assert (await tables.one(AsyncToolExecution)).result == {
        "nul\N{REPLACEMENT CHARACTER}": [
            "\N{REPLACEMENT CHARACTER}",
            {"not a number": None},
        ],
        "infinite": None,
    }


async def test_making_the_tables_again_changes_nothing(
    log: Log, story: Story, tables: Tables
) -> None:
    story.ask("Hello")
    await tables.apply(log.events)
    before = await tables.dump()
    await tables.make()
    assert await tables.dump() == before
    assert tables.position == len(log.events)


async def test_rows_are_found_by_their_keys_however_small_the_tables_are(
    any_postgres: EmbeddedPostgres,
) -> None:
    """A plan that reads a whole table while it is small is kept when the table has grown.

    In tables of its own: who has read others reports to the counters late.
    """
    async with tables_in(any_postgres) as tables:
        await _no_table_is_read_whole(tables)


async def _no_table_is_read_whole(tables: Tables) -> None:
    async def whole_table_reads() -> int:
        async with tables.engine.connect() as connection:
            await connection.execute(text("SELECT pg_stat_force_next_flush()"))
            await connection.commit()
            reads = "SELECT sum(seq_scan) FROM pg_stat_user_tables WHERE relid = ANY (:tables)"
            names = [f"read_blue.{name}" for name in TABLES]
            query = text(reads.replace(":tables", "CAST(CAST(:tables AS text[]) AS regclass[])"))
            return int(await connection.scalar(query, {"tables": names}) or 0)

    before = await whole_table_reads()
    await tables.apply(random_log(1, events=300).events, cuts=range(10, 300, 10))
    assert await whole_table_reads() == before
