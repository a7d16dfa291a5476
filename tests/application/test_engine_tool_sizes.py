"""ChatEngine and results that are too long: what the model reads is bounded, the whole is kept."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from pydantic_ai import ModelRetry, ToolFailed
from pydantic_ai.messages import ModelMessage, ToolReturnPart
from pydantic_ai.models.function import AgentInfo, DeltaToolCall
from pydantic_core import to_json

from application.agents import AgentSpec
from application.tool_results import ToolResultBase, not_found_error
from domain.completion_events import MessageRecorded, ToolReturned
from tests.application.calling import calling
from tests.application.house import House
from tests.application.memory_log import MemoryBlobs


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
