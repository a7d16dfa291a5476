"""Fifty messages at once on one thread: one answer at a time, each promise kept, in order."""

import asyncio

import pytest

from domain.refusals import ThreadIsBusy
from domain.thread_events import QueueMode
from tests.application.commanding import Commanding
from tests.application.fates import delivered, fates, most_at_once, passed_over, queued
from tests.application.plain_worker import PlainWorker

MESSAGES = 50


async def posted(it: Commanding, *modes: QueueMode | None) -> int:
    """At once, in turn with each of these; how many were refused?"""

    async def post(mode: QueueMode | None) -> bool:
        try:
            await it.post(mode)
        except ThreadIsBusy:
            return False
        return True

    posts = [post(modes[number % len(modes)]) for number in range(MESSAGES)]
    return (await asyncio.gather(*posts)).count(False)


async def posted_and_answered(it: Commanding, *modes: QueueMode | None) -> int:
    """The same with a worker that answers meanwhile, to the end."""
    worker = PlainWorker(it.house.log, threads=it.house.threads, turns=it.app.turns)
    working = asyncio.create_task(worker.work(it.thread_id))
    refused = await posted(it, *modes)
    worker.rest()
    await asyncio.wait_for(working, 30)
    return refused


async def test_fifty_that_queue_are_answered_one_by_one_as_they_came() -> None:
    it = await Commanding.busy()
    assert await posted_and_answered(it, "enqueue") == 0
    events = it.house.log.events
    assert most_at_once(events) == 1
    assert list(fates(events).values()) == ["finished"] * (MESSAGES + 1)
    waited = queued(events, "enqueue")
    assert delivered(events, among=waited) == waited


async def test_fifty_that_steer_are_all_answered_by_an_answer_of_their_time() -> None:
    it = await Commanding.busy()
    assert await posted_and_answered(it, "steer") == 0
    events = it.house.log.events
    assert most_at_once(events) == 1
    found = fates(events)
    assert list(found.values()) == ["finished"] * (MESSAGES + 1)
    waited = queued(events, "steer")
    assert delivered(events, among=waited) == waited
    path = (await it.thread()).path_to((await it.thread()).head or it.first)
    assert set(found) <= set(path), "every message is on the one branch"


async def test_fifty_that_interrupt_are_answered_in_their_order_or_interrupted_themselves() -> None:
    it = await Commanding.busy()
    assert await posted_and_answered(it, "interrupt") == 0
    events = it.house.log.events
    assert most_at_once(events) == 1
    found = fates(events)
    assert set(found.values()) == {"finished", "cancelled"}
    assert len(found) == MESSAGES + 1
    waited = queued(events, "interrupt")
    assert delivered(events, among=waited) == waited
    assert found[waited[-1]] == "finished", "nobody came after the last one"


async def test_of_fifty_that_will_not_wait_one_is_answered_and_the_others_are_refused() -> None:
    it = await Commanding.busy()
    it.thread_id = (await it.house.answer()).thread_id  # idle
    before = it.position
    assert await posted(it, None) == MESSAGES - 1
    events = it.house.log.events[before:]
    assert most_at_once(events) == 1
    assert list(fates(events).values()) == ["open"]
    assert queued(events, "enqueue", "steer", "interrupt") == []


@pytest.mark.parametrize("turn", range(3))
async def test_of_fifty_of_all_kinds_each_gets_what_it_was_promised(turn: int) -> None:
    modes: list[QueueMode | None] = ["enqueue", "steer", "interrupt", None]
    it = await Commanding.busy()
    refused = await posted_and_answered(it, *modes[turn:], *modes[:turn])
    events = it.house.log.events
    assert most_at_once(events) == 1
    found = fates(events)
    assert len(found) == MESSAGES + 1 - refused
    assert set(found.values()) <= {"finished", "cancelled"}
    for mode in modes:
        waited = queued(events, mode) if mode else []
        assert delivered(events, among=waited) == waited
    assert passed_over(events) == []
