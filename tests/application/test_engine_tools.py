"""ChatEngine and tools: a call is durable before it runs, and has exactly one result."""

import asyncio
import json
import logging
import math
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel
from pydantic_ai import ModelRetry, RunContext, ToolFailed, ToolReturn, UsageLimitExceeded
from pydantic_ai.messages import (
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models.function import AgentInfo, DeltaToolCall
from pydantic_core import to_json

from application.agents import AgentDeps, AgentSpec
from application.tool_results import (
    ToolResultBase,
    completed,
    internal_error,
    not_found_error,
    pending,
)
from application.tools import idempotency_key, tool
from domain.completion_events import (
    CancelRequested,
    CompletionFailed,
    MessageRecorded,
    ToolCalled,
    ToolReturned,
)
from domain.ids import execution_of
from domain.jsonvalue import JsonObject
from projections.parts import parts_of
from tests.application.house import House, Running, Saying, until
from tests.application.memory_log import MemoryBlobs


def calling(*calls: tuple[str, str, str]) -> Saying:
    """A model that calls (id, tool, arguments) and, having the results, says so."""

    async def model(messages: list[ModelMessage], _info: AgentInfo) -> AsyncIterator[Any]:
        if len(messages) % 4 == 3:
            yield "I have seen it."
            return
        for number, (call, name, arguments) in enumerate(calls):
            yield {number: DeltaToolCall(name, arguments, tool_call_id=call)}

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


class Found(BaseModel):
    number: int


@dataclass
class Moment:
    at: datetime
    of: set[int]


async def test_every_result_of_a_tool_is_an_outcome_with_words_for_people():
    @tool(effect="none")
    async def find() -> ToolResultBase:
        return completed(Found(number=3), "3 found")

    @tool
    async def start() -> ToolResultBase:
        return pending("Analysis started", ref_type="analysis", ref_id="7")

    @tool
    async def miss() -> ToolResultBase:
        parts = [{"type": "text", "text": "There is no order 7. Ask for another number."}]
        return not_found_error("No such order", content_parts=parts)

    @tool
    async def breaks() -> ToolResultBase:
        return internal_error("The printer is on fire")

    tools = [find, start, miss, breaks]
    calls = [(function.__name__, function.__name__, "{}") for function in tools]
    house = House(calling(*calls), spec=AgentSpec(tools=tools))
    running = await house.begin()
    assert await running.end() == "finished"
    assert {
        one.tool: (one.outcome, one.code, one.message, one.content)
        for one in running.of(ToolReturned)
    } == {
        "find": ("completed", None, "3 found", '{"number":3}'),
        "start": ("pending", None, "Analysis started", "Analysis started"),
        "miss": (
            "error",
            "not_found",
            "No such order",
            "There is no order 7. Ask for another number.",
        ),
        "breaks": (
            "failed",
            "internal_error",
            "The printer is on fire",
            "The printer is on fire",
        ),
    }
    shown = {part["tool_name"]: part for part in answered(running)}
    assert shown["miss"] == {
        "kind": "tool_result",
        "call_id": "miss",
        "tool_name": "miss",
        "result": "There is no order 7. Ask for another number.",
        "status": "error",
        "message": "No such order",
        "code": "not_found",
    }
    assert {name: part["status"] for name, part in shown.items()} == {
        "find": "completed",
        "start": "pending",
        "miss": "error",
        "breaks": "failed",
    }


def answered(running: Running) -> list[JsonObject]:
    """The results, as people see them."""
    parts = [part for one in running.of(MessageRecorded) for part in parts_of(one.message)]
    return [part for part in parts if part["kind"] == "tool_result"]


async def test_a_long_result_is_cut_for_the_model_and_the_whole_stands_in_a_blob():
    text = "é" * 25_000_000
    seen: list[Any] = []

    def look() -> str:
        return text

    async def model(messages: list[ModelMessage], _info: AgentInfo) -> AsyncIterator[Any]:
        if len(messages) == 1:
            yield {0: DeltaToolCall("look", "{}", tool_call_id="c1")}
        else:
            seen.extend(p.content for p in messages[-1].parts if isinstance(p, ToolReturnPart))
            yield "ok"

    house = House(model, spec=AgentSpec(tools=[look]))
    running = await house.answer()
    (returned,) = running.of(ToolReturned)
    assert returned.outcome == "completed"
    assert len(returned.content.encode()) <= 16_000
    assert returned.content.startswith("é" * 7_900)
    assert returned.content.endswith(" more characters are left out.]")
    assert seen == [returned.content]
    assert returned.content_sha256 is not None
    kept = await house.blobs.get(house.user.user_id, returned.content_sha256)
    assert kept == text.encode()
    recorded = [len(to_json(one.message)) for one in running.of(MessageRecorded)]
    assert max(recorded) < 20_000


async def test_what_a_tool_says_against_the_call_is_bounded_too():
    long = "no " * 20_000

    def refuse() -> str:
        raise ModelRetry(long)

    def fail() -> str:
        raise ToolFailed(long)

    async def miss() -> ToolResultBase:
        return not_found_error(long)

    async def sum_up(numbers: list[int]) -> int:
        return sum(numbers)

    wrong = json.dumps({"numbers": ["x" * 500] * 100})
    house = House(
        calling(
            ("c1", "refuse", "{}"),
            ("c2", "fail", "{}"),
            ("c3", "miss", "{}"),
            ("c4", "sum_up", wrong),
        ),
        spec=AgentSpec(tools=[refuse, fail, miss, sum_up]),
    )
    running = await house.begin()
    assert await running.end() == "finished"
    returned = {one.tool_call_id: one for one in running.of(ToolReturned)}
    assert {call: one.outcome for call, one in returned.items()} == {
        "c1": "error",
        "c2": "failed",
        "c3": "error",
        "c4": "error",
    }
    assert all(len(one.content.encode()) <= 16_000 for one in returned.values())
    assert len(returned["c3"].message or "") == 1000
    results = running.of(MessageRecorded)[2]
    assert len(to_json(results.message)) < 70_000
    for call in ("c1", "c2"):
        sha256 = returned[call].content_sha256
        assert sha256 is not None
        kept = await house.blobs.get(house.user.user_id, sha256)
        assert kept is not None
        assert kept.startswith(long.encode())


async def test_whatever_a_tool_returns_the_model_reads_text_and_the_answer_goes_on():
    circle: list[Any] = []
    circle.append(circle)

    class Untold:
        def __str__(self) -> str:
            raise LookupError("the secret of our own code")

    def hand(which: str) -> object:
        return {
            "model": Found(number=3),
            "objects": [Moment(datetime(2026, 1, 2, tzinfo=UTC), {1}), Decimal("1.5"), b"\xff"],
            "nothing": None,
            "unreal": {"nan": math.nan, "nul\0": "half \ud83d"},
            "circle": circle,
            "untold": Untold(),
        }[which]

    names = ["model", "objects", "nothing", "unreal", "circle", "untold"]
    calls = [(name, "hand", json.dumps({"which": name})) for name in names]
    running = await House(calling(*calls), spec=AgentSpec(tools=[hand])).answer()
    returned = {one.tool_call_id: (one.outcome, one.content) for one in running.of(ToolReturned)}
    failed = ("failed", "The tool hand failed unexpectedly.")
    assert returned == {
        "model": ("completed", '{"number":3}'),
        "objects": ("completed", '[{"at":"2026-01-02T00:00:00Z","of":[1]},"1.5","_w=="]'),
        "nothing": ("completed", "null"),
        "unreal": ("completed", '{"nan":"nan","nul\ufffd":"half \ufffd"}'),
        "circle": failed,
        "untold": failed,
    }
    assert running.said.text == "I have seen it."


async def test_a_tool_may_return_what_pydantic_ai_has_for_it():
    seen: list[Any] = []

    def look() -> ToolReturn[Any]:
        return ToolReturn({"number": 3}, content=["And \ud83d.", "x" * 20_000], metadata={"own": 1})

    def wrapped() -> ToolReturn[Any]:
        return ToolReturn(not_found_error("Gone"))

    async def model(messages: list[ModelMessage], _info: AgentInfo) -> AsyncIterator[Any]:
        if len(messages) == 1:
            yield {0: DeltaToolCall("look", "{}", tool_call_id="c1")}
            yield {1: DeltaToolCall("wrapped", "{}", tool_call_id="c2")}
        else:
            seen.extend(p.content for p in messages[-1].parts if isinstance(p, UserPromptPart))
            yield "ok"

    running = await House(model, spec=AgentSpec(tools=[look, wrapped])).answer()
    returned = {one.tool: (one.outcome, one.content) for one in running.of(ToolReturned)}
    assert returned == {"look": ("completed", '{"number":3}'), "wrapped": ("error", "Gone")}
    (beside,) = seen
    assert beside.startswith("And \ufffd.\n\nxxx")
    assert len(beside) <= 16_000


async def test_a_defect_of_a_tool_is_logged_and_its_text_is_told_to_nobody(
    caplog: pytest.LogCaptureFixture,
):
    async def crash() -> int:
        return Found.model_validate({"number": "the secret of our own code"}).number

    async def confused() -> int:
        raise asyncio.CancelledError

    async def delegate() -> str:
        raise UsageLimitExceeded("of an agent that this tool has asked")

    tools = [crash, confused, delegate]
    calls = [(function.__name__, function.__name__, "{}") for function in tools]
    house = House(calling(*calls), spec=AgentSpec(tools=tools))
    running = await house.begin()
    assert await running.end() == "finished"
    assert {one.tool: (one.outcome, one.code, one.content) for one in running.of(ToolReturned)} == {
        name: ("failed", "unhandled_exception", f"The tool {name} failed unexpectedly.")
        for name in ("crash", "confused", "delegate")
    }
    assert "the secret of our own code" in caplog.text
    assert "tool crash failed" in caplog.text


async def test_a_tool_that_always_wants_another_try_ends_the_answer():
    async def refuse() -> str:
        raise ModelRetry("Again.")

    async def model(messages: list[ModelMessage], _info: AgentInfo) -> AsyncIterator[Any]:
        yield {0: DeltaToolCall("refuse", "{}", tool_call_id=f"c{len(messages)}")}

    running = await House(model, spec=AgentSpec(tools=[refuse])).answer()
    assert isinstance(running.ended, CompletionFailed)
    outcomes = [one.outcome for one in running.of(ToolReturned)]
    assert outcomes == ["error", "error", "error", "cancelled"]


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


async def test_a_result_that_is_too_large_to_keep_is_still_told(caplog: pytest.LogCaptureFixture):
    def look() -> str:
        return "x" * 64_000_001

    house = House(calling(("c1", "look", "{}")), spec=AgentSpec(tools=[look]))
    running = await house.begin()
    assert await running.end() == "finished"
    (returned,) = running.of(ToolReturned)
    assert (returned.outcome, returned.content_sha256) == ("completed", None)
    assert "64000001 bytes is too large to keep" in caplog.text


async def test_a_result_that_cannot_be_kept_is_still_told(caplog: pytest.LogCaptureFixture):
    class Full(MemoryBlobs):
        async def put(self, owner_id: UUID, content: bytes, *, media_type: str) -> str:
            if media_type == "text/plain":
                raise OSError("no space left")
            return await super().put(owner_id, content, media_type=media_type)

    def look() -> str:
        return "x" * 20_000

    house = House(calling(("c1", "look", "{}")), spec=AgentSpec(tools=[look]), blobs=Full())
    running = await house.begin()
    assert await running.end() == "finished"
    (returned,) = running.of(ToolReturned)
    assert (returned.outcome, returned.content_sha256) == ("completed", None)
    assert "no space left" in caplog.text


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
