"""Claims: one worker at a time, and an end for what nobody finishes."""

import asyncio
from dataclasses import replace
from uuid import UUID

from domain.catalogue import Event
from domain.completion_events import (
    Answer,
    CancelRequested,
    Chunk,
    CompletionCancelled,
    CompletionFailed,
    CompletionInterrupted,
    CompletionStarted,
    MessageRecorded,
    ToolCalled,
    ToolReturned,
)
from domain.thread_events import ThreadCompletionRequested, TurnEnded
from tests.application.house import House, saying

HELLO = Chunk(1, 1, 0, "text", "Hello", ((5, 0),))
CALLED = ToolCalled(1, 1, "call_1", "clock", {})


def stream(house: House, stream_id: UUID) -> list[Event]:
    return [one.event for one in house.log.stream(stream_id)]


async def test_of_workers_that_try_at_once_one_has_it() -> None:
    house = House(saying("Hi"))
    asked = await house.ask()
    tries = await asyncio.gather(*(house.try_to_claim(asked, lost=False) for _ in range(20)))
    winners = [completion for completion in tries if completion is not None]
    assert len(winners) == 1
    [started] = [one for one in stream(house, asked) if isinstance(one, CompletionStarted)]
    assert (started.attempt, started.worker_id) == (1, winners[0].worker_id)


async def test_nobody_claims_over_a_living_worker_however_late_they_look() -> None:
    house = House(saying("Hi"))
    asked = await house.ask()
    first = await house.claim(asked)
    assert await house.try_to_claim(asked) is None
    second = await house.claim(asked, lost=True)
    assert first.worker_id is not None
    late = await house.claims().claim(asked, dead={first.worker_id})  # its sweeper was slow
    assert late is None
    assert second.attempt == 2


async def test_a_takeover_voids_everything_that_was_said() -> None:
    house = House(saying("Hi"))
    asked = await house.ask()
    await house.claim(asked)
    house.log.stranger(asked, HELLO)
    taken = await house.claim(asked, lost=True)
    [requested, *_] = house.log.stream(asked)
    interrupted = CompletionInterrupted(1, requested.position, "worker_lost")
    assert taken.worker_id is not None
    assert stream(house, asked)[-2:] == [interrupted, CompletionStarted(2, taken.worker_id)]


async def test_the_second_worker_lost_at_one_step_ends_it_and_the_thread_goes_on() -> None:
    house = House(saying("Hi"))
    asked = await house.ask()
    waiting = await house.ask(thread_id=(await house.claim(asked)).thread_id)
    second = await house.claim(asked, lost=True)
    assert await house.try_to_claim(asked, lost=True) is None
    *_, interrupted, failed = stream(house, asked)
    assert isinstance(interrupted, CompletionInterrupted)
    assert isinstance(failed, CompletionFailed)
    assert (failed.type, failed.answer.text) == ("worker_lost", "")
    assert isinstance(stream(house, second.thread_id)[-1], ThreadCompletionRequested)
    assert (await house.claim(waiting)).attempt == 1


async def test_an_answer_that_gets_on_is_ended_by_the_third_lost_worker() -> None:
    house = House(saying("Hi"))
    asked = await house.ask()
    await house.claim(asked)
    house.log.stranger(asked, CALLED)
    await house.claim(asked, lost=True)
    house.log.stranger(asked, replace(CALLED, attempt=2, tool_call_id="next"))
    await house.claim(asked, lost=True)
    assert await house.try_to_claim(asked, lost=True) is None
    *_, interrupted, first, second, failed = stream(house, asked)
    assert isinstance(interrupted, CompletionInterrupted)
    assert isinstance(first, ToolReturned)
    assert isinstance(second, ToolReturned)
    assert {first.outcome, second.outcome} == {"outcome_unknown"}
    assert isinstance(failed, CompletionFailed)


async def test_what_was_handed_over_uses_up_no_attempt() -> None:
    house = House(saying("Hi"))
    asked = await house.ask()
    for attempt in range(1, 8):
        assert (await house.claim(asked)).attempt == attempt


async def test_what_was_cancelled_is_not_claimed_but_ended() -> None:
    house = House(saying("Hi"))
    asked = await house.ask()
    await house.claim(asked)
    house.log.stranger(asked, CALLED, HELLO, CancelRequested("enough"))
    assert await house.try_to_claim(asked, lost=True) is None
    *_, returned, recorded, cancelled = stream(house, asked)
    assert isinstance(returned, ToolReturned)
    assert returned.outcome == "cancelled"
    assert isinstance(recorded, MessageRecorded)
    assert isinstance(cancelled, CompletionCancelled)
    assert (cancelled.reason, cancelled.answer.text) == ("enough", "Hello")


async def test_a_sweeper_ends_a_cancelled_answer_once_with_what_was_said() -> None:
    house = House(saying("Hi"))
    completion = await house.claim(await house.ask())
    house.log.stranger(completion.id, HELLO, CancelRequested())
    sweepers = [house.claims() for _ in range(5)]
    await asyncio.gather(*(sweeper.end_cancelled(completion.id) for sweeper in sweepers))
    [cancelled] = [
        one for one in stream(house, completion.id) if isinstance(one, CompletionCancelled)
    ]
    assert isinstance(cancelled.answer, Answer)
    assert cancelled.answer.text == "Hello"
    ended = stream(house, completion.thread_id)[-1]
    assert ended == TurnEnded(completion.id, "cancelled", answered=True, head=completion.id)


async def test_a_sweeper_leaves_alone_what_nobody_cancelled() -> None:
    house = House(saying("Hi"))
    completion = await house.claim(await house.ask())
    await house.claims().end_cancelled(completion.id)
    assert isinstance(stream(house, completion.id)[-1], CompletionStarted)
