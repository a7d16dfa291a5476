"""ChatEngine and tools: a call is durable before it runs, and has exactly one result."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID

from pydantic_ai import ModelRetry, RunContext
from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter
from pydantic_ai.models.function import AgentInfo, DeltaToolCall

from application.agents import AgentDeps, AgentSpec
from application.tools import idempotency_key, tool
from domain.completion_events import CompletionFailed, ToolCalled, ToolReturned
from domain.ids import execution_of
from tests.application.calling import calling
from tests.application.house import House, until


async def test_a_call_is_durable_before_the_tool_runs():
    durable: list[list[str]] = []

    async def look(_ctx: RunContext[AgentDeps], at: str) -> str:
        durable.append([called.tool_call_id for called in running[0].of(ToolCalled)])
        return at

    house = House(
        calling(("c1", "look", '{"at": "x"}'), ("c2", "look", '{"at": "y"}')),
        spec=AgentSpec(tools=[look]),
    )
    house.log.append_seconds = 0.01
    running = [await house.begin()]
    await running[0].end()
    assert durable == [["c1", "c2"], ["c1", "c2"]]
    first, second = running[0].of(ToolCalled)
    assert (first.tool, first.arguments, first.step) == ("look", {"at": "x"}, 1)
    assert second.arguments == {"at": "y"}


async def test_a_result_is_recorded_at_once_while_other_tools_still_run():
    slow_may_end = asyncio.Event()

    async def slow() -> str:
        await slow_may_end.wait()
        return "late"

    async def quick() -> dict[str, Any]:
        return {"found": 3, "more": None}

    house = House(
        calling(("c1", "slow", "{}"), ("c2", "quick", "{}")), spec=AgentSpec(tools=[slow, quick])
    )
    running = await house.begin()
    await until(lambda: running.of(ToolReturned) != [])
    (returned,) = running.of(ToolReturned)
    assert (returned.tool_call_id, returned.outcome) == ("c2", "completed")
    assert json.loads(returned.content) == {"found": 3, "more": None}
    slow_may_end.set()
    assert await running.end() == "finished"
    assert [one.tool_call_id for one in running.of(ToolReturned)] == ["c2", "c1"]


async def test_arguments_that_cannot_be_read_are_kept_as_they_came():
    def look(at: str) -> str:
        return at

    house = House(calling(("c1", "look", '{"at": ')), spec=AgentSpec(tools=[look]))
    running = await house.answer()
    (called,) = running.of(ToolCalled)
    assert called.arguments == {"INVALID_JSON": '{"at": '}


async def test_a_tool_that_always_wants_another_try_ends_the_answer():
    async def refuse() -> str:
        raise ModelRetry("Again.")

    async def model(messages: list[ModelMessage], _info: AgentInfo) -> AsyncIterator[Any]:
        yield {0: DeltaToolCall("refuse", "{}", tool_call_id=f"c{len(messages)}")}

    running = await House(model, spec=AgentSpec(tools=[refuse])).answer()
    assert isinstance(running.ended, CompletionFailed)
    outcomes = [one.outcome for one in running.of(ToolReturned)]
    assert outcomes == ["error", "error", "error", "cancelled"]


async def test_tools_of_one_step_run_side_by_side():
    met = asyncio.Barrier(3)

    async def meet() -> str:
        async with asyncio.timeout(10):
            await met.wait()
        return "met"

    calls = [(f"c{n}", "meet", "{}") for n in range(3)]
    running = await House(calling(*calls), spec=AgentSpec(tools=[meet])).answer()
    assert [one.content for one in running.of(ToolReturned)] == ["met"] * 3


async def test_a_call_has_the_same_key_in_every_attempt_and_no_other_call_has_it():
    keys: dict[str, UUID] = {}
    again: list[UUID] = []

    @tool(effect="idempotent")
    async def pay(ctx: RunContext[AgentDeps], at: str) -> str:
        assert ctx.tool_call_id is not None
        keys[ctx.tool_call_id] = idempotency_key(ctx)
        next_attempt = replace(ctx, run_id="another", deps=replace(ctx.deps))
        again.append(idempotency_key(next_attempt))
        return at

    calls = [("c1", "pay", '{"at": "x"}'), ("c2", "pay", '{"at": "x"}')]
    house = House(calling(*calls), spec=AgentSpec(tools=[pay]))
    running = await house.answer()
    assert keys["c1"] != keys["c2"]
    assert sorted(again) == sorted(keys.values())
    assert keys["c1"] == execution_of(running.completion.id, tool_call_id="c1")


async def test_what_the_model_said_goes_back_to_it_as_it_is_stored():
    seen: list[ModelMessage] = []

    async def model(messages: list[ModelMessage], _info: AgentInfo) -> AsyncIterator[Any]:
        if len(messages) == 1:
            yield "half \ud83d"
            yield {1: DeltaToolCall("look", '{"at": "\ud83d"}', tool_call_id="c1")}
        else:
            seen.append(messages[1])
            yield "ok"

    def look(at: str) -> str:
        return at

    running = await House(model, spec=AgentSpec(tools=[look])).answer()
    (said,) = ModelMessagesTypeAdapter.dump_python(seen, mode="json")
    assert [part.get("content", part.get("args")) for part in said["parts"]] == [
        "half \ufffd",
        '{"at": "\ufffd"}',
    ]
    assert running.of(ToolReturned)[0].content == "\ufffd"


async def test_a_tool_finds_its_conversation_and_a_session_in_ctx_deps():
    found: list[Any] = []

    async def look(ctx: RunContext[AgentDeps]) -> str:
        deps = ctx.deps
        async with deps.get_session() as session:
            assert session is not deps.session
        found.extend((deps.user_id, deps.thread_id, deps.completion_id, type(deps.logger)))
        return "ok"

    house = House(calling(("c1", "look", "{}")), spec=AgentSpec(tools=[look]))
    running = await house.answer()
    assert found == [
        house.user.user_id,
        running.thread_id,
        running.completion.id,
        logging.Logger,
    ]


async def test_an_agent_that_runs_in_circles_is_stopped_at_its_limit():
    def look() -> str:
        return "again"

    async def model(messages: list[ModelMessage], _info: AgentInfo) -> AsyncIterator[Any]:
        yield {0: DeltaToolCall("look", "{}", tool_call_id=f"c{len(messages)}")}

    house = House(model, spec=AgentSpec(tools=[look], request_limit=3))
    running = await house.begin()
    assert await running.end() == "failed"
    assert len(running.of(ToolReturned)) == 3
