"""A message to a thread that is busy: queued, taken in, put in front, refused."""

from uuid import UUID

import pytest

from application.ports import StreamAppend
from domain.completion import DENIED_BY_WRITING
from domain.completion_events import (
    ApprovalAnswered,
    CancelRequested,
    Chunk,
    CompletionCancelled,
    CompletionFinished,
    CompletionRequested,
    CompletionWaiting,
    ToolCalled,
    ToolReturned,
)
from domain.ids import uuid7
from domain.refusals import ThreadIsBusy
from domain.thread_events import MessageQueued, QueueMode, TurnEnded
from tests.application.commanding import Commanding
from tests.domain.answers import NOTHING_SAID

HELLO = Chunk(1, 1, 0, "text", "Hello", ((5, 0),))


@pytest.mark.parametrize("when_busy", ["enqueue", "steer", "interrupt", None])
async def test_on_an_idle_thread_every_message_gets_the_turn(when_busy: QueueMode | None) -> None:
    it = await Commanding.answering()
    await it.house.answer()
    it.thread_id = (await it.house.answer()).thread_id
    accepted = await it.post(when_busy)
    assert accepted.completion_id is not None
    assert isinstance(it.events(accepted.completion_id)[0], CompletionRequested)
    assert it.bells.woken == [accepted.completion_id]


@pytest.mark.parametrize("when_busy", ["enqueue", "steer"])
async def test_a_message_that_can_wait_leaves_the_running_answer_alone(
    when_busy: QueueMode,
) -> None:
    it = await Commanding.answering()
    before = it.position
    await it.post(when_busy)
    assert it.since(before) == ["thread.message_queued"]
    assert (it.bells.woken, it.bells.hinted) == ([], [])


async def test_a_message_that_will_not_wait_is_refused() -> None:
    it = await Commanding.answering()
    before = it.position
    with pytest.raises(ThreadIsBusy):
        await it.post(None)
    assert it.position == before


async def test_who_interrupts_asks_the_worker_to_stop_in_the_same_append() -> None:
    it = await Commanding.answering()
    before = it.position
    accepted = await it.post("interrupt")
    assert sorted(it.since(before)) == ["completion.cancel_requested", "thread.message_queued"]
    asked, queued = it.house.log.events[before:]
    assert asked.cause == queued.cause == str(accepted.message_id)
    assert it.bells.hinted == [it.first]


async def test_who_interrupts_a_claimed_answer_is_answered_when_it_has_ended() -> None:
    it = await Commanding.answering()
    it.tell(it.first, HELLO)
    waiting = await it.post("enqueue")
    accepted = await it.post("interrupt")
    await it.house.claims().end_cancelled(it.first)
    cancelled = it.events(it.first)[-1]
    assert isinstance(cancelled, CompletionCancelled)
    assert cancelled.answer.text == "Hello"
    thread = await it.thread()
    assert thread.gives_turn_to(accepted.completion_id or UUID(int=0))
    assert [one.message_id for one in thread.queue] == [waiting.message_id]


async def test_who_interrupts_what_nobody_has_claimed_is_answered_at_once() -> None:
    it = await Commanding.busy()
    accepted = await it.post("interrupt")
    assert isinstance(it.events(it.first)[-1], CompletionCancelled)
    assert it.bells.woken == [accepted.completion_id]


async def test_who_interrupts_an_answer_that_waits_for_approval_is_answered_at_once() -> None:
    it = await Commanding.waiting("a", "b")
    accepted = await it.post("interrupt")
    *_, requested, first, second, cancelled = it.events(it.first)
    assert isinstance(requested, CancelRequested)
    for returned, call in ((first, "a"), (second, "b")):
        assert isinstance(returned, ToolReturned)
        assert (returned.tool_call_id, returned.outcome) == (call, "cancelled")
    assert isinstance(cancelled, CompletionCancelled)
    assert (await it.thread()).gives_turn_to(accepted.completion_id or UUID(int=0))
    assert it.bells.woken == [accepted.completion_id]


async def test_a_second_interruption_waits_behind_the_first_and_asks_nobody_again() -> None:
    it = await Commanding.answering()
    first = await it.post("interrupt")
    before = it.position
    second = await it.post("interrupt")
    assert it.since(before) == ["thread.message_queued"]
    queue = [one.message_id for one in (await it.thread()).queue]
    assert queue == [first.message_id, second.message_id]


async def test_an_interruption_that_comes_too_late_finds_an_idle_thread() -> None:
    it = await Commanding.answering()
    ending = [True]

    def finish_first(append: StreamAppend) -> None:
        if ending and isinstance(append.events[-1], MessageQueued | CancelRequested):
            ending.clear()
            it.tell(it.first, CompletionFinished(1, NOTHING_SAID))
            it.tell(it.thread_id, TurnEnded(it.first, "finished", True, it.first))

    it.house.log.before_append = finish_first
    accepted = await it.post("interrupt")
    assert not ending
    assert not any(isinstance(one, CancelRequested) for one in it.events(it.first))
    assert it.bells.woken == [accepted.completion_id]
    assert (await it.thread()).gives_turn_to(accepted.completion_id or UUID(int=0))


async def test_who_steers_an_answer_that_waits_for_approval_denies_what_is_open() -> None:
    it = await Commanding.waiting("a", "b")
    before = it.position
    accepted = await it.post("steer")
    denied = [ApprovalAnswered(one, approved=False, reason=DENIED_BY_WRITING) for one in "ab"]
    assert it.events(it.first)[-2:] == denied
    assert {one.cause for one in it.house.log.events[before:]} == {str(accepted.message_id)}
    assert it.position == before + 3
    assert it.bells.woken == [it.first]
    [waiting] = (await it.thread()).queue
    assert waiting.steers


async def test_an_answer_that_begins_to_wait_while_a_message_steers_it_is_told_afterwards() -> None:
    it = await Commanding.answering()
    it.tell(it.first, ToolCalled(1, 1, "a", "delete", {}))

    def wait_first(append: StreamAppend) -> None:
        if isinstance(append.events[-1], MessageQueued):
            it.tell(it.first, CompletionWaiting(("a",)))

    it.house.log.before_append = wait_first
    await it.post("steer")
    assert it.events(it.first)[-1] == ApprovalAnswered(
        "a", approved=False, reason=DENIED_BY_WRITING
    )
    assert it.bells.woken == [it.first]


@pytest.mark.parametrize("steers", [False, True])
async def test_a_message_that_waits_for_its_turn_denies_nothing(steers: bool) -> None:
    it = await Commanding.waiting("a")
    head = (await it.thread()).head
    await (it.post("steer", parent_id=head) if steers else it.post("enqueue"))
    assert isinstance(it.events(it.first)[-1], CompletionWaiting)
    assert it.bells.woken == []


@pytest.mark.parametrize("when_busy", ["enqueue", "steer", "interrupt"])
async def test_the_same_message_again_gets_the_same_answer(when_busy: QueueMode) -> None:
    it = await Commanding.waiting(*(f"call {number}" for number in range(12)))
    message_id = uuid7()
    accepted = await it.post(when_busy, message_id=message_id)
    before = it.position
    assert await it.post(when_busy, message_id=message_id) == accepted
    assert it.position == before
