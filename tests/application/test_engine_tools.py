"""ChatEngine and tools: a call is durable before it runs, and has exactly one result."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from typing import Any

from pydantic_ai import ModelRetry, RunContext, ToolFailed
from pydantic_ai.messages import (
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ToolReturnPart,
)
from pydantic_ai.models.function import AgentInfo, DeltaToolCall

from application.agents import AgentDeps, AgentSpec
from domain.completion_events import (
    CancelRequested,
    CompletionFailed,
    MessageRecorded,
    ToolCalled,
    ToolReturned,
)
from tests.application.house import House, Running, Saying, until


def calling(*calls: tuple[str, str, str]) -> Saying:
    """A model that calls (id, tool, arguments) and, having the results, says so."""

    async def model(messages: list[ModelMessage], _info: AgentInfo) -> AsyncIterator[Any]:
        if len(messages) % 4 == 3:
            yield "I have seen it."
            return
        for number, (call, tool, arguments) in enumerate(calls):
            yield {number: DeltaToolCall(tool, arguments, tool_call_id=call)}

    return model


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


async def test_every_way_a_tool_can_answer_has_its_outcome_and_the_run_goes_on():
    def refuse() -> str:
        raise ModelRetry("Say please.")

    def fail() -> str:
        raise ToolFailed("No.")

    def crash() -> str:
        raise ZeroDivisionError("the secret of our own code")

    def look(at: int) -> int:
        return at

    house = House(
        calling(
            ("c1", "refuse", "{}"),
            ("c2", "fail", "{}"),
            ("c3", "crash", "{}"),
            ("c4", "look", '{"at": "nowhere"}'),
            ("c5", "no_such_tool", "{}"),
            ("c6", "look", '{"at": 7}'),
        ),
        spec=AgentSpec(tools=[refuse, fail, crash, look]),
    )
    running = await house.begin()
    assert await running.end() == "finished"
    assert [one.tool_call_id for one in running.of(ToolCalled)] == [f"c{n}" for n in range(1, 7)]
    returned = {one.tool_call_id: one for one in running.of(ToolReturned)}
    assert {call: one.outcome for call, one in returned.items()} == {
        "c1": "error",
        "c2": "failed",
        "c3": "failed",
        "c4": "error",
        "c5": "error",
        "c6": "completed",
    }
    assert "Say please." in returned["c1"].content
    assert returned["c3"].content == "The tool crash failed unexpectedly."
    assert returned["c6"].content == "7"


async def test_arguments_that_cannot_be_read_are_kept_as_they_came():
    def look(at: str) -> str:
        return at

    house = House(calling(("c1", "look", '{"at": ')), spec=AgentSpec(tools=[look]))
    running = await house.answer()
    (called,) = running.of(ToolCalled)
    assert called.arguments == {"INVALID_JSON": '{"at": '}


async def test_a_long_result_stands_in_a_blob_and_its_beginning_in_the_event():
    text = "é" * 9000

    def look() -> str:
        return text

    house = House(calling(("c1", "look", "{}")), spec=AgentSpec(tools=[look]))
    running = await house.answer()
    (returned,) = running.of(ToolReturned)
    assert returned.content == "é" * 8000
    assert returned.content_sha256 is not None
    kept = await house.blobs.get(house.user.user_id, returned.content_sha256)
    assert kept == text.encode()


async def test_results_that_no_text_can_hold_reach_the_model_as_they_are_stored():
    seen: list[Any] = []

    def look() -> dict[str, str]:
        return {"name\0": "half \ud83d"}

    async def model(messages: list[ModelMessage], _info: AgentInfo) -> AsyncIterator[Any]:
        if len(messages) == 1:
            yield {0: DeltaToolCall("look", "{}", tool_call_id="c\0")}
        else:
            seen.extend(p.content for p in messages[-1].parts if isinstance(p, ToolReturnPart))
            yield "ok"

    running = await House(model, spec=AgentSpec(tools=[look])).answer()
    assert seen == [{"name\ufffd": "half \ufffd"}]
    (returned,) = running.of(ToolReturned)
    assert json.loads(returned.content) == seen[0]
    assert running.of(ToolCalled)[0].tool_call_id == returned.tool_call_id


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


async def test_cancelling_while_tools_run_gives_each_call_its_one_result():
    async def slow() -> str:
        await asyncio.Event().wait()
        return "never"

    def quick() -> str:
        return "done"

    house = House(
        calling(("c1", "slow", "{}"), ("c2", "quick", "{}"), ("c3", "slow", "{}")),
        spec=AgentSpec(tools=[slow, quick]),
    )
    running = await house.begin()
    await until(lambda: running.of(ToolReturned) != [])
    house.log.stranger(running.completion.id, CancelRequested())
    await running.run.look()
    assert await running.end() == "cancelled"
    assert {one.tool_call_id: one.outcome for one in running.of(ToolReturned)} == {
        "c1": "cancelled",
        "c2": "completed",
        "c3": "cancelled",
    }
    assert running.names[-4:] == ["tool_returned", "tool_returned", "message_recorded", "cancelled"]
    await _told_only_what_happened(house, running)


async def _told_only_what_happened(house: House, running: Running) -> None:
    messages = ModelMessagesTypeAdapter.validate_python(
        [event.message for event in running.of(MessageRecorded)]
    )
    assert isinstance(messages[-1], ModelRequest)
    assert messages[-1].state == "interrupted"
    following = await house.answer("And now?", thread_id=running.thread_id)
    history = await house.history(following.thread_id, following.completion.message_id)
    outcomes = [getattr(part, "outcome", None) for part in history.messages[2].parts]
    assert sorted(map(str, outcomes)) == ["interrupted", "interrupted", "success"]


async def test_a_cancel_while_a_tool_swallows_everything_still_ends_the_answer():
    began = asyncio.Event()

    async def stubborn() -> str:
        began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "cancelled, am I?"
        return "never"

    house = House(calling(("c1", "stubborn", "{}")), spec=AgentSpec(tools=[stubborn]))
    running = await house.begin()
    await began.wait()
    house.log.stranger(running.completion.id, CancelRequested())
    await running.run.look()
    assert await running.end() == "cancelled"
    (returned,) = running.of(ToolReturned)
    assert (returned.outcome, returned.content) == ("completed", "cancelled, am I?")


async def test_a_tool_that_cannot_be_stopped_is_left_behind():
    may_end = threading.Event()

    def block() -> str:
        may_end.wait(20)
        return "at last"

    house = House(
        calling(("c1", "block", "{}")),
        spec=AgentSpec(tools=[block]),
        deadline_seconds=0.3,
        stop_seconds=0.1,
    )
    running = await house.begin()
    try:
        assert await running.end() == "failed"
    finally:
        may_end.set()
    assert isinstance(running.ended, CompletionFailed)
    assert running.ended.type == "timeout"
    (returned,) = running.of(ToolReturned)
    assert returned.outcome == "cancelled"


async def test_a_tool_may_stop_the_whole_answer():
    async def stop(ctx: RunContext[AgentDeps]) -> str:
        ctx.cancel()
        await asyncio.Event().wait()
        return "never"

    house = House(calling(("c1", "stop", "{}")), spec=AgentSpec(tools=[stop]))
    running = await house.begin()
    assert await running.end() == "cancelled"
    assert running.names[-1] == "cancelled"


async def test_a_tool_finds_its_conversation_and_a_session_in_ctx_deps():
    found: list[Any] = []

    async def look(ctx: RunContext[AgentDeps]) -> str:
        deps = ctx.deps
        async with deps.get_session() as session:
            assert session is not deps.session
        found.extend((deps.user_id, deps.thread_id, deps.completion_id, deps.logger.name))
        return "ok"

    house = House(calling(("c1", "look", "{}")), spec=AgentSpec(tools=[look]))
    running = await house.answer()
    assert found == [
        house.user.user_id,
        running.thread_id,
        running.completion.id,
        "application.run",
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
