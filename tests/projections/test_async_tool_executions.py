"""What the row of a background tool shows."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from domain.execution_events import (
    ExecutionAwaited,
    ExecutionCancelled,
    ExecutionCancelRequested,
    ExecutionDispatched,
    ExecutionEvent,
    ExecutionFailed,
    ExecutionFinished,
    ExecutionProgressed,
    ExecutionStarted,
    ExecutionTimedOut,
)
from projections import async_tool_executions
from projections.async_tool_executions import AsyncToolExecution
from tests.projections.story import WORKER, Log, Reader, Story
from tests.projections.tables import Tables

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def dispatch(story: Story, completion: UUID | None = None) -> UUID:
    execution = uuid4()
    event = ExecutionDispatched(completion or uuid4(), "c1", "analyse", "task", {"days": 7}, 300)
    story.stream(execution, event)
    return execution


async def test_a_tool_from_dispatch_to_result(log: Log, story: Story, tables: Tables) -> None:
    completion = uuid4()
    execution = dispatch(story, completion)
    await tables.apply(log.events)
    row = await tables.one(AsyncToolExecution)
    assert (row.id, row.thread_id, row.user_id) == (execution, story.id, story.owner)
    assert (row.completion_id, row.tool_call_id, row.name) == (completion, "c1", "analyse")
    assert (row.timeout_seconds, row.status, row.progress) == (300, "pending", None)
    assert row.created_at == NOON + timedelta(seconds=2)
    story.stream(execution, ExecutionStarted(1, WORKER), ExecutionProgressed(0.5, "half-way"))
    await tables.apply(log.events)
    row = await tables.one(AsyncToolExecution)
    assert (row.status, row.progress, row.progress_message) == ("running", 0.5, "half-way")
    assert row.attempts == 1
    assert (row.started_at, row.completed_at) == (NOON + timedelta(seconds=3), None)
    story.stream(execution, ExecutionFinished({"rows": 3}, '{"rows":3}', "Three rows."))
    await tables.apply(log.events)
    row = await tables.one(AsyncToolExecution)
    assert (row.status, row.result, row.error_type) == ("completed", {"rows": 3}, None)
    assert (row.content, row.message, row.result_sha256) == ('{"rows":3}', "Three rows.", None)
    assert row.completed_at == NOON + timedelta(seconds=5)


async def test_a_second_attempt_begins_at_the_beginning(
    log: Log, story: Story, tables: Tables
) -> None:
    execution = dispatch(story)
    story.stream(execution, ExecutionStarted(1, WORKER), ExecutionProgressed(0.5, "half-way"))
    story.stream(execution, ExecutionStarted(2, WORKER))
    await tables.apply(log.events)
    row = await tables.one(AsyncToolExecution)
    assert (row.attempts, row.status, row.progress, row.progress_message) == (
        2,
        "running",
        None,
        None,
    )
    assert row.started_at == NOON + timedelta(seconds=3)


async def test_a_large_result_is_named_and_its_beginning_shown(
    log: Log, story: Story, tables: Tables
) -> None:
    execution = dispatch(story)
    story.stream(execution, ExecutionAwaited())
    story.stream(execution, ExecutionFinished(None, "the beginning", None, "5ha"))
    await tables.apply(log.events)
    row = await tables.one(AsyncToolExecution)
    assert (row.status, row.attempts, row.started_at) == ("completed", 0, None)
    assert (row.result, row.result_sha256, row.content) == (None, "5ha", "the beginning")


@pytest.mark.parametrize(
    ("ending", "told"),
    [
        (ExecutionFailed("not_found", "No such file."), ("failed", "not_found", "No such file.")),
        (ExecutionCancelled("no need"), ("cancelled", None, "no need")),
        (
            ExecutionTimedOut(300),
            ("timed_out", "timeout", "The tool did not end within 300 seconds."),
        ),
    ],
)
async def test_a_tool_that_gave_no_result_says_why(
    ending: ExecutionEvent,
    told: tuple[str, str | None, str],
    log: Log,
    story: Story,
    tables: Tables,
) -> None:
    execution = dispatch(story)
    story.stream(execution, ExecutionStarted(1, WORKER), ExecutionCancelRequested(), ending)
    await tables.apply(log.events)
    row = await tables.one(AsyncToolExecution)
    assert (row.status, row.error_type, row.error_message) == told
    assert row.result is None


async def test_lists_are_in_the_order_of_dispatch_and_only_for_the_owner(
    log: Log, story: Story, tables: Tables
) -> None:
    executions = [dispatch(story) for _ in range(3)]
    await tables.apply(log.events)
    async with tables.reading.session() as session:
        page = await async_tool_executions.list_of_thread(session, story.id, reader=story.reader)
        stranger = Reader(uuid4())
        foreign = await async_tool_executions.list_of_thread(session, story.id, reader=stranger)
        mine = await async_tool_executions.get(session, executions[0], reader=story.reader)
        hidden = await async_tool_executions.get(session, executions[0], reader=stranger)
    assert [row.id for row in page.items] == executions
    assert mine is not None
    assert (foreign.items, hidden) == ([], None)


async def test_who_works_on_it_and_who_asked_for_its_end(
    log: Log, story: Story, tables: Tables
) -> None:
    execution = uuid4()
    event = ExecutionDispatched(uuid4(), "c1", "approve", task=None, arguments={})
    story.stream(execution, event, ExecutionAwaited())
    requested = story.stream(execution, ExecutionCancelRequested("enough"))
    await tables.apply(log.events)
    row = await tables.one(AsyncToolExecution)
    assert (row.outside, row.cancelled_by) == (True, "test")
    assert row.cancel_requested_at == NOON + timedelta(seconds=requested)
