"""ChatEngine after a lost worker: it goes on from the last recorded step, and repeats no effect."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID

import pytest
from pydantic_ai import RunContext
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, ToolReturnPart
from pydantic_ai.models.function import AgentInfo, DeltaToolCall

from application.agents import AgentDeps, AgentSpec
from application.ports import StreamAppend
from application.tools import Effect, idempotency_key, tool
from domain.completion_events import (
    CancelRequested,
    CompletionFinished,
    MessageRecorded,
    ModelRequested,
    ToolCalled,
    ToolDispatched,
    ToolReturned,
)
from domain.ids import uuid7
from tests.application.house import House, Running, until
from tests.application.memory_log import MemoryLog


class Worker:
    """A tool that counts its runs and may hang in the first; and the model that calls it."""

    def __init__(self, *, effect: Effect = "once", hangs: bool = False) -> None:
        self.runs: list[str] = []
        self.hangs = hangs
        self.told: list[list[ModelMessage]] = []
        self.hold: asyncio.Event | None = None  # holds the model's second answer
        self.begun = asyncio.Event()

        @tool(effect=effect)
        async def work(what: str) -> str:
            self.runs.append(what)
            if self.hangs and what == "slow" and self.runs.count("slow") == 1:
                self.begun.set()
                await asyncio.Event().wait()
            return f"did {what}"

        self.spec = AgentSpec(tools=[work])

    async def model(self, messages: list[ModelMessage], _info: AgentInfo) -> AsyncIterator[Any]:
        self.told.append(list(messages))
        if not any(isinstance(message, ModelResponse) for message in messages):
            yield "Let me see. "
            yield {1: DeltaToolCall("work", '{"what": "quick"}', tool_call_id="c1")}
            yield {2: DeltaToolCall("work", '{"what": "slow"}', tool_call_id="c2")}
            return
        yield "It is "
        if self.hold is not None:
            await self.hold.wait()
        yield "done."


async def lose_and_go_on(house: House, running: Running) -> Running:
    """Another worker takes over, whatever the first one still believes."""
    claimed = await house.claim(running.completion.id, lost=True)
    await running.run.look()
    assert await running.end() == "fenced"
    return Running(house, claimed, run=house.engine.start(claimed))


def returned(running: Running) -> dict[str, str]:
    return {one.tool_call_id: one.outcome for one in running.of(ToolReturned)}


def read_by_model(messages: list[ModelMessage]) -> list[str]:
    return [
        str(part.content)
        for message in messages
        if isinstance(message, ModelRequest)
        for part in message.parts
        if isinstance(part, ToolReturnPart)
    ]


async def test_a_worker_lost_in_the_last_text_repeats_no_tool_and_no_request():
    worker = Worker()
    worker.hold = asyncio.Event()
    house = House(worker.model, spec=worker.spec)
    first = await house.begin()
    await until(lambda: "It is " in first.text())
    worker.hold.set()
    second = await lose_and_go_on(house, first)
    assert await second.end() == "finished"
    assert sorted(worker.runs) == ["quick", "slow"]
    assert len(worker.told) == 3
    assert read_by_model(worker.told[2]) == read_by_model(worker.told[1])
    assert second.said.text == "Let me see. It is done."
    assert [one.attempt for one in second.of(ModelRequested)] == [1, 1, 2]
    assert returned(second) == {"c1": "completed", "c2": "completed"}
    assert second.said.usage.requests == 3


@pytest.mark.parametrize("effect", ["none", "idempotent"])
async def test_a_harmless_tool_that_was_running_runs_again_and_the_finished_one_does_not(
    effect: Effect,
):
    worker = Worker(effect=effect, hangs=True)
    house = House(worker.model, spec=worker.spec)
    first = await house.begin()
    await until(lambda: "c1" in returned(first) and worker.begun.is_set())
    second = await lose_and_go_on(house, first)
    assert await second.end() == "finished"
    assert worker.runs.count("quick") == 1
    assert worker.runs.count("slow") == 2
    assert returned(second) == {"c1": "completed", "c2": "completed"}
    assert [(one.tool_call_id, one.attempt) for one in second.of(ToolCalled)] == [
        ("c1", 1),
        ("c2", 1),
        ("c2", 2),
    ]


async def test_a_tool_with_effects_is_never_run_twice_and_the_model_is_told():
    worker = Worker(hangs=True)
    house = House(worker.model, spec=worker.spec)
    first = await house.begin()
    await until(lambda: "c1" in returned(first) and worker.begun.is_set())
    second = await lose_and_go_on(house, first)
    assert await second.end() == "finished"
    assert sorted(worker.runs) == ["quick", "slow"]
    assert returned(second) == {"c1": "completed", "c2": "outcome_unknown"}
    (did, unknown) = read_by_model(worker.told[-1])
    assert did == "did quick"
    assert "not known" in unknown
    assert isinstance(second.ended, CompletionFinished)


async def test_the_next_question_is_told_of_a_resumed_answer_once():
    worker = Worker()
    worker.hold = asyncio.Event()
    house = House(worker.model, spec=worker.spec)
    first = await house.begin("one")
    await until(lambda: "It is " in first.text())
    worker.hold.set()
    second = await lose_and_go_on(house, first)
    await second.end()
    await house.answer("two", thread_id=first.thread_id)
    kinds = [message.kind for message in worker.told[-1]]
    assert kinds == ["request", "response", "request", "response", "request"]
    assert read_by_model(worker.told[-1]) == ["did quick", "did slow"]


async def test_a_worker_lost_before_any_step_begins_from_the_question():
    worker = Worker()
    house = House(worker.model, spec=worker.spec)
    asked = await house.ask("one")
    await house.claim(asked)
    claimed = await house.claim(asked, lost=True)
    second = Running(house, claimed, run=house.engine.start(claimed))
    assert await second.end() == "finished"
    assert [one.attempt for one in second.of(MessageRecorded)] == [2, 2, 2, 2]


async def hand_over_in(running: Running, moment: Callable[[], bool]) -> None:
    await until(moment)
    running.run.hand_over()
    assert await running.end() == "handed_over"


async def test_a_worker_that_leaves_waits_for_its_tools_and_the_next_one_goes_on():
    worker = Worker()
    release = asyncio.Event()

    @tool
    async def work(what: str) -> str:
        worker.runs.append(what)
        await release.wait()
        return f"did {what}"

    house = House(worker.model, spec=AgentSpec(tools=[work]))
    first = await house.begin()
    await until(lambda: len(worker.runs) == 2)
    first.run.hand_over()
    release.set()
    assert await first.end() == "handed_over"
    assert returned(first) == {"c1": "completed", "c2": "completed"}
    claimed = await house.claim(first.completion.id)
    second = Running(house, claimed, run=house.engine.start(claimed))
    assert await second.end() == "finished"
    assert len(worker.runs) == 2
    assert len(worker.told) == 2


async def test_a_worker_that_leaves_in_mid_text_leaves_at_once():
    worker = Worker()
    worker.hold = asyncio.Event()
    house = House(worker.model, spec=worker.spec)
    first = await house.begin()
    await hand_over_in(first, lambda: "It is " in first.text())


async def test_a_call_that_was_handed_over_before_the_crash_is_pending_after_it():
    worker = Worker(hangs=True)
    house = House(worker.model, spec=worker.spec)
    first = await house.begin()
    await until(lambda: "c1" in returned(first) and worker.begun.is_set())
    dispatched = ToolDispatched("c2", uuid7(), "work", {"what": "slow"})
    await house.log.append(
        StreamAppend(
            first.completion.id,
            len(first.events),
            [dispatched],
            first.thread_id,
            house.user.user_id,
        ),
        actor="worker",
    )
    second = await lose_and_go_on(house, first)
    assert await second.end() == "finished"
    assert worker.runs.count("slow") == 1
    assert returned(second) == {"c1": "completed", "c2": "pending"}


async def test_a_call_id_that_a_later_step_uses_again_is_another_call():
    keys: list[UUID] = []

    @tool
    async def pay(ctx: RunContext[AgentDeps]) -> str:
        keys.append(idempotency_key(ctx))
        return "paid"

    async def model(messages: list[ModelMessage], _info: AgentInfo) -> AsyncIterator[Any]:
        if len(read_by_model(messages)) < 2:
            yield {0: DeltaToolCall("pay", "{}", tool_call_id="call_0")}
            return
        yield "Done."

    house = House(model, spec=AgentSpec(tools=[pay]))
    running = await house.answer()
    assert running.said.text == "Done."
    assert len(set(keys)) == 2
    assert len(returned(running)) == 2


async def test_a_cancel_before_the_earlier_attempt_is_read_keeps_what_it_has_done():
    worker = Worker()
    worker.hold = asyncio.Event()
    log = SlowToRead()
    house = House(worker.model, spec=worker.spec, log=log, stop_seconds=0.01)
    first = await house.begin()
    await until(lambda: "It is " in first.text())
    claimed = await house.claim(first.completion.id, lost=True)
    await first.run.look()
    await first.end()
    log.slow = asyncio.Event()
    second = Running(house, claimed, run=house.engine.start(claimed))
    house.log.stranger(claimed.id, CancelRequested())
    await second.run.look()
    with pytest.raises(TimeoutError):  # it has nothing to say yet
        await asyncio.wait_for(second.run.finished(), 0.05)
    log.slow.set()
    assert await second.end() == "cancelled"
    assert second.said.text == "Let me see. "


class SlowToRead(MemoryLog):
    """Whole streams are read when they may be."""

    slow: asyncio.Event | None = None

    async def read_stream(self, stream_id: UUID, **given: Any) -> Any:
        if self.slow is not None and not given.get("after"):
            await self.slow.wait()
        return await super().read_stream(stream_id, **given)


async def test_the_requests_of_all_attempts_count_against_the_limit():
    asked = 0

    @tool(effect="none")
    async def look() -> str:
        return "more"

    async def model(_messages: list[ModelMessage], _info: AgentInfo) -> AsyncIterator[Any]:
        nonlocal asked
        asked += 1
        if asked == 3:
            await asyncio.Event().wait()
        yield {0: DeltaToolCall("look", "{}", tool_call_id=f"c{asked}")}

    house = House(model, spec=AgentSpec(tools=[look], request_limit=4))
    first = await house.begin()
    await until(lambda: asked == 3)
    second = await lose_and_go_on(house, first)
    assert await second.end() == "failed"
    assert asked == 5  # one of them void
