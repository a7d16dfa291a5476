"""ChatEngine and what tools return: each outcome, for the log, for people and for the model."""

import asyncio
import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic_ai import ModelRetry, ToolFailed, ToolReturn, UsageLimitExceeded

from application.agents import AgentSpec
from application.tool_results import (
    ToolResultBase,
    completed,
    internal_error,
    not_found_error,
    pending,
)
from application.tools import tool
from domain.completion_events import MessageRecorded, ToolCalled, ToolReturned
from domain.jsonvalue import JsonObject
from projections.parts import parts_of
from tests.application.calling import calling
from tests.application.house import House, Running


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
    def look() -> ToolReturn[Any]:
        return ToolReturn({"number": 3}, content=["And \ud83d.", "x" * 20_000], metadata={"own": 1})

    def wrapped() -> ToolReturn[Any]:
        return ToolReturn(not_found_error("Gone"))

    model = calling(("c1", "look", "{}"), ("c2", "wrapped", "{}"))
    running = await House(model, spec=AgentSpec(tools=[look, wrapped])).answer()
    returned = {one.tool: (one.outcome, one.content) for one in running.of(ToolReturned)}
    assert returned["wrapped"] == ("error", "Gone")
    outcome, told = returned["look"]
    assert outcome == "completed"
    assert told.startswith('{"number":3}\n\nAnd \ufffd.\n\nxxx')
    assert len(told.encode()) <= 16_000


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
