"""What the row of a tool call shows, from the model's wish to its result."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from domain.completion_events import (
    ApprovalAnswered,
    CompletionWaiting,
    ToolCalled,
    ToolDispatched,
    ToolReturned,
)
from domain.ids import execution_of
from infrastructure.embedded import EmbeddedPostgres
from infrastructure.migrations import migrate
from projections.tool_calls import TOOL_CALLS, ToolCall
from tests.projections.story import Log, Story
from tests.projections.tables import Tables
from tests.servers import new_database

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
async def made_tables(postgres: EmbeddedPostgres) -> AsyncGenerator[Tables]:
    url, owner_url = await new_database(postgres)
    await migrate(owner_url, url)
    tables = Tables(url, owner_url=owner_url, projection=TOOL_CALLS)
    await tables.make()
    yield tables
    await tables.close()


@pytest.fixture
async def tables(made_tables: Tables) -> Tables:
    await made_tables.clear()
    return made_tables


async def test_a_call_and_its_result(log: Log, story: Story, tables: Tables) -> None:
    completion = uuid4()
    called = story.stream(completion, ToolCalled(2, 3, "c1", "search", {"q": "Äh"}))
    await tables.apply(log.events)
    row = await tables.one(ToolCall)
    assert (row.id, row.position) == (execution_of(completion, tool_call_id="c1"), called)
    assert (row.thread_id, row.user_id, row.completion_id) == (story.id, story.owner, completion)
    assert (row.tool_call_id, row.tool, row.attempt, row.step) == ("c1", "search", 2, 3)
    assert (row.argument_bytes, row.outcome, row.returned_at) == (len('{"q":"Äh"}') + 1, None, None)
    assert row.called_at == NOON + timedelta(seconds=called)
    story.stream(
        completion,
        ToolReturned("c1", "search", "error", "Nö", content_sha256="5ha", code="not_found"),
    )
    await tables.apply(log.events)
    row = await tables.one(ToolCall)
    assert (row.outcome, row.code, row.result_bytes, row.result_cut) == (
        "error",
        "not_found",
        3,
        True,
    )
    assert row.returned_at == NOON + timedelta(seconds=called + 1)
    assert (row.execution_id, row.approved, row.approval_asked_at) == (None, None, None)


async def test_a_call_that_goes_on_in_the_background(
    log: Log, story: Story, tables: Tables
) -> None:
    completion, call = uuid4(), "c1"
    execution = execution_of(completion, tool_call_id=call)
    story.stream(
        completion,
        ToolCalled(1, 1, call, "report", {}),
        ToolDispatched(call, execution, "report", {}),
        ToolReturned(call, "report", "pending", "Working on it."),
    )
    await tables.apply(log.events, cuts=[1, 2, 3])
    row = await tables.one(ToolCall)
    assert (row.execution_id, row.outcome) == (execution, "pending")


async def test_a_call_that_a_person_must_approve(log: Log, story: Story, tables: Tables) -> None:
    completion = uuid4()
    asked = story.stream(
        completion, ToolCalled(1, 1, "c1", "pay", {}), CompletionWaiting(("c1", "unknown"))
    )
    story.stream(
        completion, ApprovalAnswered("c1", approved=False), ApprovalAnswered("unknown", True)
    )
    story.stream(completion, CompletionWaiting(("c1",)))
    await tables.apply(log.events, cuts=range(1, 6))
    row = await tables.one(ToolCall)
    assert row.approved is False
    assert row.approval_asked_at == NOON + timedelta(seconds=asked)
    assert row.approval_answered_at == NOON + timedelta(seconds=asked + 1)


async def test_a_call_that_is_asked_for_again_stays_one(
    log: Log, story: Story, tables: Tables
) -> None:
    completion = uuid4()
    called = story.stream(completion, ToolCalled(1, 1, "c1", "search", {}))
    story.stream(completion, ToolCalled(2, 1, "c1", "search", {}))
    await tables.apply(log.events)
    row = await tables.one(ToolCall)
    assert (row.attempt, row.called_at) == (2, NOON + timedelta(seconds=called))


async def test_the_same_id_in_another_answer_is_another_call(
    log: Log, story: Story, tables: Tables
) -> None:
    for _ in range(2):
        story.stream(uuid4(), ToolCalled(1, 1, "c1", "search", {}))
    await tables.apply(log.events)
    assert len((await tables.dump())["tool_calls"]) == 2


async def test_a_result_of_what_was_never_called_changes_nothing(
    log: Log, story: Story, tables: Tables
) -> None:
    story.stream(uuid4(), ToolReturned("c1", "web_search", "completed", "x"))
    story.stream(uuid4(), ToolDispatched("c1", uuid4(), "x", {}))
    await tables.apply(log.events)
    assert await tables.dump() == {"tool_calls": []}
