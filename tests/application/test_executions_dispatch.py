"""Handing a tool call over: in the log before the model is told, and only once."""

import logging
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest
from pydantic_ai import RunContext
from pydantic_ai.models.test import TestModel
from pydantic_ai.usage import RunUsage
from taskiq import async_shared_broker

from application.agents import AgentDeps
from application.executions.dispatch import create_async_tool_execution
from application.executions.here import HERE, Here
from application.executions.lifecycle import with_async_tool_lifecycle
from application.executions.tool_execution import ToolExecution
from application.journal import Journal
from application.result_tokens import is_result_token
from application.stop import JournalStopped, Stop
from domain.catalogue import BY_TYPE
from domain.completion_events import CompletionStarted, ToolDispatched
from domain.execution_events import ExecutionAwaited, ExecutionDispatched
from domain.ids import execution_of
from domain.jsonvalue import JsonObject
from tests.application.house import House, no_database, saying


@async_shared_broker.task
@with_async_tool_lifecycle(timeout_seconds=30, retries=2)
async def analyse(execution: ToolExecution, since: date, note: str = "") -> None:
    """Declared, and never run here."""


@async_shared_broker.task
async def undeclared() -> None:
    """Knows no execution."""


class Call:
    """A tool's context in a running completion."""

    def __init__(self, house: House, ctx: RunContext[AgentDeps]) -> None:
        self.house = house
        self.ctx = ctx

    @property
    def journal(self) -> Journal:
        return self.ctx.deps.journal

    @property
    def names(self) -> list[str]:
        """Everything since the completion's beginning."""
        events = [one.event for one in self.house.log.events]
        begun = next(n for n, one in enumerate(events) if isinstance(one, CompletionStarted))
        return [BY_TYPE[type(event)].name for event in events[begun + 1 :]]

    def stream(self, execution_id: UUID) -> list[object]:
        return [one.event for one in self.house.log.stream(execution_id)]


@pytest.fixture
async def call() -> AsyncGenerator[Call]:
    house = House(saying("unused"))
    completion = await house.claim(await house.ask())
    journal = Journal(house.log, completion)
    journal.open(actor="worker")
    async with no_database() as session:
        deps = AgentDeps(
            session=session,
            get_session=no_database,
            logger=logging.getLogger(__name__),
            user_id=completion.owner_id,
            thread_id=completion.thread_id,
            completion_id=completion.id,
            journal=journal,
        )
        ctx = RunContext(
            deps=deps,
            model=TestModel(),
            usage=RunUsage(),
            tool_name="run_analysis",
            tool_call_id="call_1",
        )
        yield Call(house, ctx)
    journal.close()


async def test_a_dispatch_is_in_the_log_with_all_that_a_worker_needs(call: Call) -> None:
    execution = await create_async_tool_execution(call.ctx, analyse, since=date(2026, 1, 2))
    deps = call.ctx.deps
    assert execution.id == execution_of(deps.completion_id, tool_call_id="call_1")
    assert execution.result_token is None
    assert call.names == ["completion.tool_dispatched", "tool.dispatched"]
    completion, dispatched = call.house.log.events[-2:]
    arguments: JsonObject = {"since": "2026-01-02"}
    assert completion.event == ToolDispatched("call_1", execution.id, "run_analysis", arguments)
    assert dispatched.event == ExecutionDispatched(
        completion_id=deps.completion_id,
        tool_call_id="call_1",
        tool="run_analysis",
        task=analyse.task_name,
        arguments=arguments,
        timeout_seconds=30,
        retries=2,
        continues=True,
    )
    place = dispatched.stream_id, dispatched.thread_id, dispatched.owner_id
    assert place == (execution.id, deps.thread_id, deps.user_id)


async def test_dispatching_twice_in_one_call_is_dispatching_once(call: Call) -> None:
    one = await create_async_tool_execution(call.ctx, analyse, since=date(2026, 1, 2))
    other = await create_async_tool_execution(call.ctx, analyse, since=date(2026, 1, 3))
    assert one == other
    assert call.names == ["completion.tool_dispatched", "tool.dispatched"]
    assert call.journal.stopped is None


async def test_the_agent_says_whether_the_result_begins_an_answer(call: Call) -> None:
    silent = replace(call.ctx, deps=replace(call.ctx.deps, auto_continue=False))
    execution = await create_async_tool_execution(silent, analyse, since=date(2026, 1, 2))
    [dispatched] = call.stream(execution.id)
    assert isinstance(dispatched, ExecutionDispatched)
    assert not dispatched.continues


async def test_two_calls_are_two_executions(call: Call) -> None:
    other = replace(call.ctx, tool_call_id="call_2")
    ids = {
        (await create_async_tool_execution(ctx, analyse, since=date(2026, 1, 2))).id
        for ctx in (call.ctx, other)
    }
    assert len(ids) == 2


async def test_a_result_from_outside_is_awaited_with_a_token_for_it(call: Call) -> None:
    token = HERE.set(Here(no_database, secret))
    try:
        execution = await create_async_tool_execution(call.ctx, None, timeout_seconds=5, note="N\0")
    finally:
        HERE.reset(token)
    [dispatched, awaited] = call.stream(execution.id)
    assert isinstance(dispatched, ExecutionDispatched)
    assert (dispatched.task, dispatched.timeout_seconds) == (None, 5)
    assert dispatched.arguments == {"note": "N\ufffd"}
    assert awaited == ExecutionAwaited()
    assert execution.result_token is not None
    assert is_result_token(execution.result_token, secret=await secret(), execution_id=execution.id)


async def test_only_tasks_with_a_lifecycle_can_be_dispatched(call: Call) -> None:
    with pytest.raises(TypeError, match="undeclared is not declared with"):
        await create_async_tool_execution(call.ctx, undeclared)
    assert call.names == []


async def test_nothing_is_dispatched_after_a_stop(call: Call) -> None:
    call.journal.stop(Stop.CANCELLED)
    with pytest.raises(JournalStopped):
        await create_async_tool_execution(call.ctx, analyse, since=date(2026, 1, 2))
    assert call.names == []


async def secret() -> bytes:
    return bytes(range(32))
