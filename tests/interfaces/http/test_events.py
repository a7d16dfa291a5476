"""A thread's events over HTTP: pages and streams of the same objects."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import httpx2
import pytest

from application.ports import StreamAppend
from domain.execution_events import ExecutionDispatched, ExecutionFinished
from domain.thread_events import ResultArrived
from interfaces.http.activity import Activity
from tests.interfaces.http.house import House, Json, Person
from tests.interfaces.http.worker import Worker, answer, ask_first

SSE = {"Accept": "text/event-stream"}


@asynccontextmanager
async def streaming(
    person: Person, thread: str, **parameters: str
) -> AsyncGenerator[tuple[httpx2.Response, AsyncGenerator[httpx2.ServerSentEvent]]]:
    """An open stream: its response, and its blocks that have data."""
    path = f"/v1/threads/{thread}/events"
    async with person.http.stream("GET", path, headers=SSE, params=parameters) as response:
        yield response, _blocks(response)


async def _blocks(response: httpx2.Response) -> AsyncGenerator[httpx2.ServerSentEvent]:
    async for block in httpx2.EventSource(response):
        if block.data:
            yield block


async def pages(person: Person, thread: str, **parameters: object) -> list[list[Json]]:
    """All pages of the thread's events."""
    found: list[list[Json]] = []
    cursor: dict[str, object] = {}
    while True:
        page = await person.get(f"/v1/threads/{thread}/events", **parameters, **cursor)
        found.append(page["items"])
        if page["next"] is None:
            return found
        cursor = {"cursor": page["next"]}


async def test_a_stream_sends_what_the_pages_hold_byte_for_byte(house: House, user: Person) -> None:
    started = await user.start()
    thread = started["thread_id"]
    await answer(house, started["completion_id"], "Hello dear friend.")
    [page] = await pages(user, thread)
    async with streaming(user, thread, until="idle") as (response, blocks):
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["cache-control"] == "no-store"
        sent = [block async for block in blocks]
    assert sent[-1].event == "sync"
    assert [json.loads(block.data) for block in sent[:-1]] == page
    assert [int(block.id or 0) for block in sent[:-1]] == [event["position"] for event in page]
    assert [event["name"] for event in page] == [
        "thread.started",
        "thread.message_added",
        "thread.completion_requested",
        "completion.requested",
        "completion.started",
        *["completion.chunk"] * 3,
        "completion.finished",
        "thread.turn_ended",
    ]


async def test_events_come_live_and_a_reader_resumes_where_it_stopped(
    house: House, user: Person
) -> None:
    started = await user.start()
    thread = started["thread_id"]
    async with streaming(user, thread, after=str(started["position"])) as (_, blocks):
        worker = await Worker.claim(house, started["completion_id"])
        await worker.say("one")
        seen = [await anext(blocks) for _ in range(3)]
    names = [block.event for block in seen if block.event != "sync"]
    await worker.say("two")
    await worker.finish()
    last = max(int(block.id) for block in seen if block.id)
    async with streaming(user, thread, after=str(last), until="idle") as (_, blocks):
        names += [block.event async for block in blocks if block.event != "sync"]
    chunks = ["completion.chunk"] * 2
    assert names == ["completion.started", *chunks, "completion.finished", "thread.turn_ended"]


async def test_pages_are_cut_at_the_limit_and_follow_each_other(house: House, user: Person) -> None:
    started = await user.start()
    thread = started["thread_id"]
    worker = await Worker.claim(house, started["completion_id"])
    for word in "abcdefg":
        await worker.say(word)
        await worker.record(word)  # not public
    [whole] = await pages(user, thread, limit=1000)
    assert len(whole) == 12
    found = await pages(user, thread, limit=5)
    assert [len(page) for page in found] == [5, 5, 2]
    assert [event for page in found for event in page] == whole
    exact = await pages(user, thread, limit=6)
    assert [len(page) for page in exact] == [6, 6]
    [rest] = await pages(user, thread, after=whole[3]["position"])
    assert rest == whole[4:]


async def test_only_the_named_events_come(house: House, user: Person) -> None:
    started = await user.start()
    thread = started["thread_id"]
    await answer(house, started["completion_id"])
    [page] = await pages(user, thread, names="thread.started,completion.finished")
    assert [event["name"] for event in page] == ["thread.started", "completion.finished"]
    async with streaming(user, thread, names="completion.finished", until="idle") as (_, blocks):
        assert [block.event async for block in blocks] == ["completion.finished", "sync"]


async def test_latest_begins_with_what_comes_next(house: House, user: Person) -> None:
    started = await user.start()
    thread = started["thread_id"]
    assert await pages(user, thread, after="latest") == [[]]
    async with streaming(user, thread, after="latest") as (_, blocks):
        assert (await anext(blocks)).event == "sync"
        await Worker.claim(house, started["completion_id"])
        assert (await anext(blocks)).event == "completion.started"


async def test_a_stream_until_idle_outlives_queued_messages(house: House, user: Person) -> None:
    started = await user.start()
    thread = started["thread_id"]
    queued = await user.post(f"/v1/threads/{thread}/messages", {"text": "more"})
    async with streaming(user, thread, until="idle") as (_, blocks):
        assert "sync" in [(await anext(blocks)).event for _ in range(6)]
        await answer(house, started["completion_id"])
        await answer(house, queued["completion_id"])
        names = [block.event async for block in blocks]
    assert names.count("completion.finished") == 2
    assert names[-1] == "thread.turn_ended"


@pytest.mark.parametrize("continues", [True, False])
async def test_a_thread_is_idle_when_nothing_runs_and_no_open_tool_continues_it(
    house: House, user: Person, continues: bool
) -> None:
    started = await user.start()
    thread = UUID(started["thread_id"])
    activity = Activity(thread, threads=house.threads, reader=house.log.reader)
    assert not await activity.is_idle()
    execution, completion = uuid4(), UUID(started["completion_id"])
    dispatched = ExecutionDispatched(
        completion, "call", "search", "search", {}, continues=continues
    )
    for expected, event in enumerate((dispatched, ExecutionFinished({"found": 1}))):
        append = StreamAppend(execution, expected, [event], thread, user.id)
        await house.log.append(append, actor="worker:test")
        if event is dispatched:
            await answer(house, started["completion_id"])
            assert await activity.is_idle() is not continues
    assert await activity.is_idle()
    await user.post(f"/v1/threads/{thread}/messages", {"text": "more"})
    assert not await activity.is_idle()


async def test_a_thread_is_not_idle_while_a_person_is_asked(house: House, user: Person) -> None:
    started = await user.start()
    activity = Activity(UUID(started["thread_id"]), threads=house.threads, reader=house.log.reader)
    await ask_first(house, started["completion_id"], "call")
    assert not await activity.is_idle()
    await user.post(f"/v1/completions/{started['completion_id']}/cancel", {})
    assert await activity.is_idle()


async def test_what_has_arrived_and_waits_for_the_next_message_keeps_no_thread_busy(
    house: House, user: Person
) -> None:
    started = await user.start()
    thread, completion = UUID(started["thread_id"]), UUID(started["completion_id"])
    await answer(house, started["completion_id"])
    activity = Activity(thread, threads=house.threads, reader=house.log.reader)
    version = (await house.threads.get(thread)).version
    arrived = ResultArrived(uuid4(), completion, continues=False)
    append = StreamAppend(thread, version, [arrived], thread, user.id)
    await house.log.append(append, actor="worker:test")
    assert (await house.threads.get(thread)).results
    assert await activity.is_idle()


async def test_a_tool_of_an_answer_that_was_stopped_keeps_no_thread_busy(
    house: House, user: Person
) -> None:
    """Its result will wait for the next message."""
    started = await user.start()
    thread, completion = UUID(started["thread_id"]), UUID(started["completion_id"])
    activity = Activity(thread, threads=house.threads, reader=house.log.reader)
    dispatched = ExecutionDispatched(completion, "call", "search", "search", {}, continues=True)
    append = StreamAppend(uuid4(), 0, [dispatched], thread, user.id)
    await house.log.append(append, actor="worker:test")
    await user.post(f"/v1/completions/{completion}/cancel", {"tools": False})
    assert await activity.is_idle()


async def test_a_reader_that_comes_back_to_the_end_of_an_idle_thread_gets_204(
    house: House, user: Person
) -> None:
    started = await user.start()
    path = f"/v1/threads/{started['thread_id']}/events"
    end = await answer(house, started["completion_id"])
    headers = {**SSE, "Last-Event-ID": str(end)}
    done = await user.http.get(path, headers=headers, params={"until": "idle"})
    assert (done.status_code, done.content) == (204, b"")
    await user.post(f"/v1/threads/{started['thread_id']}/messages", {"text": "more"})
    async with streaming(user, started["thread_id"], after=str(end), until="idle") as (
        response,
        blocks,
    ):
        assert response.status_code == 200
        assert (await anext(blocks)).event == "thread.message_added"


async def test_the_log_answers_at_once_while_the_tables_stand_still(
    house: House, user: Person
) -> None:
    await house.stop_projecting()
    try:
        started = await user.start()
        [page] = await pages(user, started["thread_id"])
        assert len(page) == 4
    finally:
        await house.project()
