"""The whole log as lines: over several pages, by name, and on as it happens."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from application.ports import StreamAppend
from domain.account_events import AccountCreated
from domain.catalogue import BY_NAME
from domain.ids import uuid7
from infrastructure.audit import feed
from infrastructure.event_log.entry import LogEntry
from infrastructure.event_log.lines import entry_of
from tests.interfaces.http.audits import HEADERS, ask, lines, opened, told
from tests.interfaces.http.house import House, Json, Person

DEADLINE_SECONDS = 20.0


async def fill(house: House, user: Person, *, accounts: int) -> None:
    """Something of everything, and events enough for several pages."""
    await told(house, user)
    appends = [StreamAppend(uuid7(), 0, [AccountCreated(f"{n} ☃")]) for n in range(accounts)]
    await house.log.append(*appends, actor="test")
    await told(house, user)


async def whole_log(house: House) -> list[LogEntry]:
    return (await house.log.reader.read_after(0, limit=1_000_000)).entries


async def test_page_by_page_it_is_the_log_byte_for_byte(
    house: House, user: Person, auditor: Person
) -> None:
    await fill(house, user, accounts=2 * feed.PAGE_EVENTS)
    after, entries = 0, list[LogEntry]()
    while after < await house.last_position() - 1:  # each reading adds one event
        answer = await ask(auditor, "/v1/audit/events", after=after, limit=700)
        assert answer.headers["content-type"] == "application/x-ndjson"
        *shown, last = answer.content.splitlines()
        entries += map(entry_of, shown)
        after = json.loads(last)["next"]
        assert len(shown) == 700 or after == entries[-1].position
    assert entries == (await whole_log(house))[: len(entries)]
    assert len(entries) >= 2 * feed.PAGE_EVENTS


async def test_by_name_it_is_all_of_those_and_none_else(
    house: House, user: Person, auditor: Person
) -> None:
    await fill(house, user, accounts=10)
    names = "completion.chunk,completion.finished"
    *shown, last = await lines(auditor, names=names, limit=100_000)
    wanted = [e.position for e in await whole_log(house) if e.name in names.split(",")]
    assert [line["position"] for line in shown] == wanted
    assert last["next"] >= wanted[-1]
    assert {line["topic"] for line in shown} == {"completion.chunk@1", "completion.finished@1"}
    rest = await lines(auditor, names=names, after=wanted[3], limit=2)
    assert [line["position"] for line in rest[:-1]] == wanted[4:6]
    assert rest[-1]["next"] == wanted[5]


async def test_at_the_end_there_is_only_where_to_go_on(house: House, auditor: Person) -> None:
    end = await house.last_position()
    [own, last] = await lines(auditor, after=end)
    assert (own["topic"], last) == ("access.log_read@1", {"next": end + 1})
    [only] = await lines(auditor, after="latest", names="tool.timed_out")
    assert only == {"next": await house.last_position()}


@asynccontextmanager
async def following(auditor: Person, **parameters: object) -> AsyncGenerator[AsyncGenerator[Json]]:
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    async with (
        asyncio.timeout(DEADLINE_SECONDS),
        opened(auditor, f"/v1/audit/events?follow=true&{query}") as answer,
    ):

        async def each() -> AsyncGenerator[Json]:
            async for line in answer.aiter_lines():
                yield json.loads(line)

        yield each()


async def test_followed_it_goes_on_with_what_happens(
    house: House, user: Person, auditor: Person
) -> None:
    begin = await house.last_position()
    await told(house, user)
    async with following(auditor, after=begin) as shown:
        before = [(await anext(shown))["position"] for _ in range(5)]
        seen = await told(house, user)
        while before[-1] < seen.ended:
            before.append((await anext(shown))["position"])
    assert before == list(range(begin + 1, before[-1] + 1))


async def test_followed_by_name_it_shows_only_those(
    house: House, user: Person, auditor: Person
) -> None:
    async with following(auditor, after="latest", names="completion.finished") as shown:
        for _ in range(2):
            seen = await told(house, user)
            line = await anext(shown)
            assert (line["topic"], line["stream_id"]) == ("completion.finished@1", seen.completion)


async def test_a_process_that_ends_says_where_to_go_on(house: House, auditor: Person) -> None:
    try:
        async with following(auditor, after="latest", names="tool.timed_out") as shown:
            house.resources.leaving.set()
            [last] = [line async for line in shown]
            assert await house.last_position() - 1 <= last["next"] <= await house.last_position()
    finally:
        house.resources.leaving.clear()


@pytest.mark.parametrize(
    ("query", "status", "problem"),
    [
        ("after=soon", 400, "cursor-is-malformed"),
        ("after=9223372036854775807", 400, "position-is-ahead"),
        ("after=99999999999999999999", 400, "cursor-is-malformed"),
        ("after=1&after=2", 400, "cursors-differ"),
        ("limit=0", 422, "request-invalid"),
        ("limit=100001", 422, "request-invalid"),
        ("follow=maybe", 422, "request-invalid"),
        ("names=completion.finished,completion.imagined", 422, "request-invalid"),
    ],
)
async def test_what_cannot_be_read_is_a_clear_refusal(
    house: House, auditor: Person, query: str, status: int, problem: str
) -> None:
    before = await house.last_position()
    answer = await auditor.http.get(f"/v1/audit/events?{query}", headers=HEADERS)
    assert answer.status_code == status, answer.text
    assert answer.json()["type"] == f"/problems/{problem}"
    assert await house.last_position() == before


async def test_an_unknown_name_is_answered_with_the_choices(auditor: Person) -> None:
    answer = await ask(auditor, "/v1/audit/events", names="completion.imagined")
    assert all(name in answer.json()["detail"] for name in BY_NAME)
