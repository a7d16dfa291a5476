"""Messages to a busy thread over HTTP: taken in, put in front, and fifty at once."""

import asyncio
from uuid import UUID

from domain.completion_events import CancelRequested
from tests.application.fates import delivered, fates, most_at_once, passed_over, queued
from tests.application.plain_worker import PlainWorker
from tests.interfaces.http.house import House, Person
from tests.interfaces.http.worker import Worker, ask_first


async def test_who_interrupts_a_running_answer_is_answered_next(house: House, user: Person) -> None:
    started = await user.start()
    path = f"/v1/threads/{started['thread_id']}/messages"
    await Worker.claim(house, started["completion_id"])
    await user.post(path, {"text": "later"})
    accepted = await user.post(path, {"text": "stop", "when_busy": "interrupt"})
    events = await house.log.read_stream(UUID(started["completion_id"]))
    assert isinstance(events[-1].event, CancelRequested)
    thread = await house.threads.get(UUID(started["thread_id"]))
    assert str(thread.queue[0].message_id) == accepted["message_id"]


async def test_who_interrupts_an_answer_that_asks_first_is_answered_at_once(
    house: House, user: Person
) -> None:
    started = await user.start()
    await ask_first(house, started["completion_id"], "a")
    path = f"/v1/threads/{started['thread_id']}/messages"
    accepted = await user.post(path, {"text": "stop", "when_busy": "interrupt"})
    await Worker.claim(house, accepted["completion_id"])
    position = await house.last_position()
    row = await user.get(f"/v1/completions/{started['completion_id']}", min_position=position)
    assert (row["status"], row["waiting_for"]) == ("cancelled", [])


async def test_who_steers_an_answer_that_asks_first_has_denied_it(
    house: House, user: Person
) -> None:
    started = await user.start()
    await ask_first(house, started["completion_id"], "a", "b")
    path = f"/v1/threads/{started['thread_id']}/messages"
    body = {"id": str(UUID(int=7)), "text": "rather not", "when_busy": "steer"}
    accepted = await user.post(path, body)
    assert await user.post(path, body) == accepted
    row = await user.get(
        f"/v1/completions/{started['completion_id']}", min_position=accepted["position"]
    )
    assert (row["status"], row["waiting_for"]) == ("pending", [])


async def test_fifty_messages_of_all_kinds_at_once_each_get_what_they_were_promised(
    house: House, user: Person
) -> None:
    started = await user.start()
    thread_id = UUID(started["thread_id"])
    path = f"/v1/threads/{thread_id}/messages"
    modes = ("enqueue", "steer", "interrupt", "reject")
    worker = PlainWorker(house.log, threads=house.threads, turns=house.turns)
    working = asyncio.create_task(worker.work(thread_id))

    async def post(number: int) -> int:
        body = {"text": str(number), "when_busy": modes[number % 4]}
        return (await user.http.post(path, json=body)).status_code

    answers = await asyncio.gather(*map(post, range(50)))
    worker.rest()
    await asyncio.wait_for(working, 30)
    assert set(answers) <= {202, 409}
    events = await house.log.read_thread(thread_id)
    assert most_at_once(events) == 1
    found = fates(events)
    assert len(found) == 1 + answers.count(202)
    assert set(found.values()) <= {"finished", "cancelled"}
    for mode in ("enqueue", "steer", "interrupt"):
        waited = queued(events, mode)
        assert delivered(events, among=waited) == waited
    assert passed_over(events) == []
    position = await house.last_position()
    rows = await user.get(f"/v1/threads/{thread_id}/completions", limit=1000, min_position=position)
    assert {row["status"] for row in rows["items"]} <= {"completed", "cancelled"}
