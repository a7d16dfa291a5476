"""ChatEngine and tools that are stopped: by their time, by a cancel, or by themselves."""

import asyncio
import threading

from pydantic_ai import RunContext
from pydantic_ai.messages import ModelMessagesTypeAdapter, ModelRequest

from application.agents import AgentDeps, AgentSpec
from application.tools import tool
from domain.completion_events import (
    CancelRequested,
    CompletionFailed,
    MessageRecorded,
    ToolReturned,
)
from tests.application.calling import calling
from tests.application.house import House, Running, until


async def test_each_tool_has_its_own_time_and_the_others_do_not_wait_for_it():
    cancelled: list[str] = []

    async def wait_for(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.append(name)

    @tool(timeout_seconds=0.05)
    async def slow_to_write() -> None:
        await wait_for("slow_to_write")

    @tool(effect="none", timeout_seconds=0.05)
    async def slow_to_read() -> None:
        await wait_for("slow_to_read")

    @tool(effect="none")
    async def quick() -> str:
        return "done"

    tools = [slow_to_write, slow_to_read, quick]
    calls = [(function.__name__, function.__name__, "{}") for function in tools]
    running = await House(calling(*calls), spec=AgentSpec(tools=tools)).answer()
    returned = {one.tool: one for one in running.of(ToolReturned)}
    assert running.of(ToolReturned)[0].tool == "quick"
    assert sorted(cancelled) == ["slow_to_read", "slow_to_write"]
    assert (returned["slow_to_read"].outcome, returned["slow_to_read"].code) == (
        "failed",
        "timeout",
    )
    assert returned["slow_to_read"].content == "The tool slow_to_read did not end within 0.05 s."
    assert returned["slow_to_write"].content.endswith("Whether it has had its effect is not known.")
    assert running.said.text == "I have seen it."


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
