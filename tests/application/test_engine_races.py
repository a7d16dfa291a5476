"""ChatEngine against strangers, crashes and a bad log: one ending, nothing lost, nothing twice."""

import asyncio
from collections.abc import AsyncIterator
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from pydantic_ai.messages import ModelMessage, ModelRequest, UserPromptPart, repair_messages
from pydantic_ai.models.function import AgentInfo, DeltaThinkingPart, DeltaToolCall

from application.agents import AgentSpec
from application.ports import StreamAppend
from domain.catalogue import BY_TYPE
from domain.completion_events import (
    Answer,
    CancelRequested,
    Chunk,
    CompletionCancelled,
    CompletionEvent,
    CompletionInterrupted,
    CompletionStarted,
    MessageRecorded,
    ModelRequested,
    Usage,
)
from domain.ids import uuid7
from tests.application.house import House, Running, saying, until
from tests.application.memory_log import MemoryLog

TEXT = "Let me see. It is three, I think."


ids = count(1)


async def look(at: str) -> str:
    return f"{at}: 3"


async def model(messages: list[ModelMessage], _info: AgentInfo) -> AsyncIterator[Any]:
    """Thinks, speaks, uses a tool twice, speaks again. New parts are written at once."""
    asked = any(isinstance(part, UserPromptPart) for part in messages[-1].parts)
    if asked:
        yield {0: DeltaThinkingPart(content="Hm.")}
        yield "Let me "
        await _breathe()
        yield {2: DeltaThinkingPart(content="Ah.", signature="s")}
        yield "see. "
        await _breathe()
        yield {4: DeltaToolCall("look", '{"at": "x"}', tool_call_id=f"c{next(ids)}")}
        yield {5: DeltaToolCall("look", '{"at": "y"}', tool_call_id=f"c{next(ids)}")}
        return
    yield "It is three"
    await _breathe()
    yield {1: DeltaThinkingPart(content="Sure?")}
    yield ", I think."


async def _breathe() -> None:
    """Let a log without delay write what it has."""
    for _ in range(20):
        await asyncio.sleep(0)


def new_house() -> House:
    return House(model, spec=AgentSpec(tools=[look]))


async def restarted(house: House, *, events: int | None = None) -> House:
    """The house after a crash of everything, its log cut after some events."""
    again = new_house()
    again.user = house.user
    again.log.events = house.log.events[:events]
    return again


async def finish_elsewhere(house: House, completion_id: UUID) -> Running:
    """A new worker takes the completion over and ends it; then the user goes on."""
    completion = await house.claim(completion_id, lost=True)
    running = Running(house, completion, run=house.engine.start(completion))
    assert await running.end() == "finished"
    assert running.said.text == TEXT
    await goes_on(house, running.thread_id)
    return running


async def goes_on(house: House, thread_id: UUID) -> None:
    """The history is valid for a provider, and the next question is answered."""
    following = await house.answer("And now?", thread_id=thread_id)
    assert following.said.text == TEXT
    history = await house.history(thread_id, following.completion.message_id)
    assert repair_messages(history.messages) == history.messages


def check_ending(running: Running) -> None:
    """One terminal event, the last; its text is what was committed; each call has one result."""
    said = running.said
    assert said.text == running.text()
    assert TEXT.startswith(said.text)
    calls = running.names.count("tool_called")
    assert running.names.count("tool_returned") == calls
    versions = [one.version for one in running.house.log.stream(running.completion.id)]
    assert versions == list(range(1, len(versions) + 1))


class Intruder:
    """Appends to a completion just before its worker's n-th append is written."""

    def __init__(self, house: House, completion_id: UUID, *, nth: int) -> None:
        self.came = False
        self._log = house.log
        self._completion_id = completion_id
        self._left = nth

    def enter(self, *events: CompletionEvent) -> None:
        def before(append: StreamAppend) -> None:
            if append.stream_id == self._completion_id:
                self._left -= 1
                if self._left == 0:
                    self.came = True
                    self._log.stranger(self._completion_id, *events)

        self._log.before_append = before


@pytest.mark.parametrize("nth", range(1, 16))
async def test_a_cancel_before_any_append_is_followed_by_the_closing_append_only(nth: int):
    house = new_house()
    running = await house.begin()
    intruder = Intruder(house, running.completion.id, nth=nth)
    intruder.enter(CancelRequested("stop"))
    ending = await running.end()
    check_ending(running)
    if not intruder.came:
        assert ending == "finished"
        return
    assert ending == "cancelled"
    after = running.names[running.names.index("cancel_requested") + 1 :]
    assert set(after) <= {"message_recorded", "tool_returned", "cancelled"}
    kinds = [event for event in running.events if isinstance(event, CancelRequested | Chunk)]
    assert isinstance(kinds[-1], CancelRequested), "no text after the request"
    house.log.before_append = None
    await goes_on(house, running.thread_id)


@pytest.mark.parametrize("nth", range(1, 6))
async def test_a_call_that_was_refused_is_not_recorded_after_a_cancel(nth: int):
    async def wordless(messages: list[ModelMessage], _info: AgentInfo) -> AsyncIterator[Any]:
        asked = any(isinstance(part, UserPromptPart) for part in messages[-1].parts)
        yield (
            {0: DeltaToolCall("look", '{"at": "x"}', tool_call_id=f"c{next(ids)}")}
            if asked
            else TEXT
        )

    house = House(wordless, spec=AgentSpec(tools=[look]))
    running = await house.begin()
    intruder = Intruder(house, running.completion.id, nth=nth)
    intruder.enter(CancelRequested())
    assert await running.end() == "cancelled"
    cancelled_at = running.names.index("cancel_requested")
    recorded = running.of(MessageRecorded)[running.names[:cancelled_at].count("message_recorded") :]
    assert all(
        event.message["kind"] == "request" or event.message["state"] == "interrupted"
        for event in recorded
    )
    house.log.before_append = None
    await goes_on(house, running.thread_id)


@pytest.mark.parametrize("nth", range(1, 16))
async def test_a_claim_over_its_head_before_any_append_silences_a_worker(nth: int):
    house = new_house()
    running = await house.begin()
    kept_through = running.completion.kept_through
    intruder = Intruder(house, running.completion.id, nth=nth)
    intruder.enter(
        CompletionInterrupted(1, kept_through, "handed_over"), CompletionStarted(2, uuid7())
    )
    ending = await running.end()
    if not intruder.came:
        assert ending == "finished"
        return
    assert ending == "fenced"
    assert running.names[-2:] == ["interrupted", "started"]
    assert isinstance(running.events[-1], CompletionStarted), "not even a chunk"
    house.log.before_append = None
    await finish_elsewhere(house, running.completion.id)


@pytest.mark.parametrize("nth", range(1, 16))
async def test_an_ending_by_a_sweeper_before_any_append_stays_the_only_one(nth: int):
    house = new_house()
    running = await house.begin()
    intruder = Intruder(house, running.completion.id, nth=nth)
    cancelled = CompletionCancelled(1, Answer("", 0, "", Usage()))
    intruder.enter(CancelRequested(), cancelled)
    ending = await running.end()
    if intruder.came:
        assert ending == "fenced"
        assert running.ended is cancelled


@pytest.mark.parametrize("nth", range(1, 9))
async def test_cancelling_after_any_chunk_keeps_exactly_what_was_written(nth: int):
    house = new_house()
    completion = await house.claim(await house.ask())
    chunks = 0

    def after_commit(recorded: Any) -> None:
        nonlocal chunks
        for one in recorded:
            if isinstance(one.event, Chunk):
                chunks += 1
                if chunks == nth:
                    house.log.stranger(completion.id, CancelRequested())
                    looking.append(asyncio.ensure_future(running.run.look()))

    looking: list[asyncio.Future[None]] = []
    house.log.on_commit = after_commit
    running = Running(house, completion, run=house.engine.start(completion))
    assert await running.end() == "cancelled"
    check_ending(running)
    house.log.on_commit = None
    await goes_on(house, running.thread_id)


async def test_a_cancel_that_comes_with_the_last_word_has_one_winner():
    house = new_house()
    running = await house.begin()
    cancel = CancelRequested()

    def before(append: StreamAppend) -> None:
        if any(BY_TYPE[type(event)].terminal for event in append.events):
            house.log.before_append = None
            house.log.stranger(running.completion.id, cancel)

    house.log.before_append = before
    assert await running.end() == "cancelled"
    assert running.said.text == TEXT
    check_ending(running)
    await goes_on(house, running.thread_id)


# Crashes


async def whole_run() -> tuple[House, Running]:
    house = new_house()
    return house, await house.answer()


async def test_after_a_crash_at_any_event_another_worker_answers_and_the_user_goes_on():
    house, running = await whole_run()
    started = 1 + next(
        index
        for index, one in enumerate(house.log.events)
        if isinstance(one.event, CompletionStarted)
    )
    ended = next(
        index for index, one in enumerate(house.log.events) if BY_TYPE[type(one.event)].terminal
    )
    assert ended - started > 12
    for events in range(started, ended):
        after = await restarted(house, events=events)
        taken_over = await finish_elsewhere(after, running.completion.id)
        assert taken_over.completion.attempt == 2
        assert taken_over.names.count("tool_called") == taken_over.names.count("tool_returned")


async def test_after_a_crash_at_any_event_a_sweeper_ends_what_was_cancelled():
    house, running = await whole_run()
    first = next(
        index
        for index, one in enumerate(house.log.events)
        if isinstance(one.event, CompletionStarted)
    )
    for events in range(first + 1, len(house.log.events) - 4):
        after = await restarted(house, events=events)
        after.log.stranger(running.completion.id, CancelRequested())
        assert await after.try_to_claim(running.completion.id, lost=True) is None
        swept = Running(after, running.completion, run=running.run)
        assert swept.said.text == swept.text()
        await goes_on(after, running.thread_id)


# A bad log


async def test_a_slow_log_loses_nothing_and_does_not_slow_the_model_down():
    produced = 0
    written_when_produced: list[int] = []

    async def fast(_messages: list[ModelMessage], _info: AgentInfo) -> AsyncIterator[str]:
        nonlocal produced
        for number in range(6000):
            yield f"{number} "
            produced += 1
            if number % 100 == 0:
                await asyncio.sleep(0)
        written_when_produced.append(len(running[0].text()))

    house = House(fast, log=MemoryLog(append_seconds=0.05))
    running = [await house.begin()]
    assert await running[0].end() == "finished"
    whole = "".join(f"{number} " for number in range(6000))
    assert running[0].text() == whole
    assert running[0].said.characters == len(whole)
    assert written_when_produced[0] < len(whole), "the model had to wait for the log"


async def test_the_model_waits_when_it_is_too_far_ahead_of_the_log():
    produced = 0

    async def fast(_messages: list[ModelMessage], _info: AgentInfo) -> AsyncIterator[str]:
        nonlocal produced
        for _ in range(12_000):
            yield "x"
            produced += 1
        await asyncio.sleep(0)

    house = House(fast)
    running = await house.begin()
    await until(lambda: running.of(ModelRequested) != [])
    house.log.go_away()
    await until(lambda: produced >= 10_000, seconds=30)
    with pytest.raises(TimeoutError):
        await until(lambda: produced - len(running.text()) > 10_001, seconds=0.5)
    house.log.come_back()
    assert await running.end() == "finished"
    assert running.text() == "x" * 12_000


async def test_a_run_outlives_an_outage_of_the_log_at_any_time():
    for after in range(8):
        house = new_house()
        house.log.go_away() if after == 0 else None
        begun = asyncio.ensure_future(house.begin())
        for _ in range(after * 30):
            await asyncio.sleep(0)
        house.log.go_away()
        for _ in range(50):
            await asyncio.sleep(0)
        house.log.come_back()
        running = await begun
        assert await running.end() == "finished"
        assert running.text() == TEXT


async def test_many_runs_share_the_log_s_batches():
    house = House(saying("one ", {1: DeltaThinkingPart(content="two")}, "three"))
    claimed = [await house.claim(await house.ask()) for _ in range(20)]
    house.log.to_write.clear()
    running = [Running(house, one, run=house.engine.start(one)) for one in claimed]
    await until(lambda: len(house.log.wakes) >= 20)
    house.log.to_write.set()
    assert {await run.end() for run in running} == {"finished"}
    assert {run.text() for run in running} == {"one three"}
    assert max(house.log.batches) >= 19


async def test_what_is_recorded_is_exactly_what_the_run_had():
    house, running = await whole_run()
    recorded = [event.message for event in running.of(MessageRecorded)]
    assert [message["kind"] for message in recorded] == ["request", "response"] * 2
    history = await house.history(
        running.thread_id, (await house.answer(thread_id=running.thread_id)).completion.message_id
    )
    returns = history.messages[2]
    assert isinstance(returns, ModelRequest)
    assert [part.part_kind for part in returns.parts] == ["tool-return", "tool-return"]
