"""`GET /v1/events`: what happens in all threads of the caller, and in nobody else's."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import uuid4

import httpx2
import pytest

from tests.interfaces.http.house import House, Json, Person
from tests.interfaces.http.worker import Worker, answer

SSE = {"Accept": "text/event-stream"}
PATH = "/v1/events"


@asynccontextmanager
async def streaming(
    person: Person, **parameters: str
) -> AsyncGenerator[AsyncGenerator[httpx2.ServerSentEvent]]:
    """The blocks of an open stream that have data."""
    async with person.http.stream("GET", PATH, headers=SSE, params=parameters) as response:
        assert response.status_code == 200
        yield _blocks(response)


async def _blocks(response: httpx2.Response) -> AsyncGenerator[httpx2.ServerSentEvent]:
    async for block in httpx2.EventSource(response):
        if block.data:
            yield block


async def pages(person: Person, **parameters: object) -> list[list[Json]]:
    found: list[list[Json]] = []
    cursor: dict[str, object] = {}
    while True:
        page = await person.get(PATH, **parameters, **cursor)
        found.append(page["items"])
        if page["next"] is None:
            return found
        cursor = {"cursor": page["next"]}


async def events_of(person: Person, *threads: str, chunks: tuple[str, ...] = ()) -> list[Json]:
    """What the threads' own pages hold, in one order; chunks of some threads only."""
    found: list[Json] = []
    for thread in threads:
        page = await person.get(f"/v1/threads/{thread}/events", limit=1000)
        found += page["items"]
    return [
        event
        for event in sorted(found, key=lambda event: event["position"])
        if event["name"] != "completion.chunk" or event["thread_id"] in chunks
    ]


async def two_threads(house: House, person: Person) -> tuple[str, str]:
    first, second = await person.start("one"), await person.start("two")
    for started in (second, first):
        await answer(house, started["completion_id"])
    return first["thread_id"], second["thread_id"]


async def test_all_threads_of_the_caller_come_in_the_order_of_the_log(
    house: House, user: Person
) -> None:
    await two_threads(house, await house.person())
    first, second = await two_threads(house, user)
    expected = await events_of(user, first, second)
    assert await pages(user, limit=1000) == [expected]
    cut = await pages(user, limit=7)
    assert [len(page) for page in cut] == [7, len(expected) - 7]
    assert [event for page in cut for event in page] == expected


@pytest.mark.parametrize("separator", [",", "&follow="])
async def test_chunks_come_of_the_threads_that_are_followed(
    house: House, user: Person, separator: str
) -> None:
    first, second = await two_threads(house, user)
    third = (await user.start("three"))["thread_id"]
    follow = separator.join((second, third))
    page = (await user.http.get(f"{PATH}?limit=1000&follow={follow}")).json()
    assert page["items"] == await events_of(user, first, second, third, chunks=(second,))
    assert "completion.chunk" in [event["name"] for event in page["items"]]


async def test_a_stream_sends_the_same_objects_then_sync_then_what_comes(
    house: House, user: Person
) -> None:
    first, second = await two_threads(house, user)
    expected = await events_of(user, first, second, chunks=(first,))
    async with streaming(user, follow=first) as blocks:
        sent = [await anext(blocks) for _ in expected]
        assert [json.loads(block.data) for block in sent] == expected
        assert [int(block.id or 0) for block in sent] == [one["position"] for one in expected]
        assert (await anext(blocks)).event == "sync"
        posted = await user.post(f"/v1/threads/{first}/messages", {"text": "more"})
        worker = await Worker.claim(house, posted["completion_id"])
        chunk = await worker.say("live")
        await user.start("another thread")
        names: list[str] = []
        while names[-1:] != ["thread.started"]:
            block = await anext(blocks)
            names.append(block.event)
            if block.event == "completion.chunk":
                assert block.id == str(chunk)
    assert names[-3:] == ["completion.started", "completion.chunk", "thread.started"]


async def test_a_reader_resumes_after_every_position_that_it_can_know(
    house: House, user: Person
) -> None:
    first, second = await two_threads(house, user)
    for follow in ((), (first,)):
        everything = await events_of(user, first, second, chunks=follow)
        for number, event in enumerate(everything):
            [rest] = await pages(user, after=event["position"], limit=1000, follow=",".join(follow))
            assert rest == everything[number + 1 :]
    assert await pages(user, after="latest", follow=first) == [[]]
    assert await pages(user, names="thread.started", after=0) == [
        [event for event in everything if event["name"] == "thread.started"]
    ]


async def test_latest_begins_with_what_comes_next(house: House, user: Person) -> None:
    await two_threads(house, user)
    async with streaming(user, after="latest") as blocks:
        assert (await anext(blocks)).event == "sync"
        await user.start("new")
        assert (await anext(blocks)).event == "thread.started"


async def test_a_cursor_that_is_none_of_theirs_is_refused_and_never_silent(
    house: House, user: Person
) -> None:
    mine = await user.start("mine")
    foreign = await (await house.person()).start("not yours")
    refused = {"abc": 400, str(mine["position"] + 10**9): 409, str(foreign["position"]): 404}
    for cursor, status in refused.items():
        for headers in ({}, SSE):
            answer = await user.http.get(PATH, params={"after": cursor}, headers=headers)
            assert answer.status_code == status, (cursor, answer.text)
            assert answer.headers["content-type"] == "application/problem+json"


async def test_only_own_threads_are_followed_and_at_most_twenty(house: House, user: Person) -> None:
    stranger = await house.person()
    foreign = (await stranger.start("a secret"))["thread_id"]
    auditor = await house.person("auditor")
    for person in (user, auditor):
        for thread in (foreign, str(uuid4())):
            answer = await person.http.get(PATH, params={"follow": thread})
            assert answer.status_code == 404
    mine = [(await user.start("mine"))["thread_id"] for _ in range(21)]
    assert (await user.http.get(PATH, params={"follow": ",".join(mine[:20])})).is_success
    for follow in (",".join(mine), "no-id"):
        answer = await user.http.get(PATH, params={"follow": follow})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["loc"] == ["query", "follow"]


async def test_nobody_sees_events_of_others_whatever_their_role(house: House, user: Person) -> None:
    await two_threads(house, user)
    for role in ("auditor", "admin"):
        person = await house.person(role)
        assert await pages(person) == [[]]
