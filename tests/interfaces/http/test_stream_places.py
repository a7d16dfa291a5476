"""Streams are many, but not without end: each account has its share, and an API its most."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx2
import pytest

from infrastructure.embedded import EmbeddedPostgres, EmbeddedValkey
from interfaces.http.stream_places import StreamPlaces
from tests.interfaces.http.house import House, Person, eventually, migrated_database, open_house

SSE = {"Accept": "text/event-stream"}
PATH = "/v1/events"


@pytest.fixture(scope="module")
async def house(postgres: EmbeddedPostgres, valkey: EmbeddedValkey) -> AsyncGenerator[House]:
    """With place for three streams, two of them of the same account."""
    url, streams = await migrated_database(postgres), StreamPlaces(most=3, most_each=2)
    async with open_house(url, redis_url=valkey.url, projecting=False, streams=streams) as house:
        yield house


@asynccontextmanager
async def asking(person: Person) -> AsyncGenerator[httpx2.Response]:
    """For a stream; read no further than its head, or the refusal."""
    async with person.http.stream("GET", PATH, headers=SSE) as answer:
        yield answer


async def refusal(person: Person) -> tuple[int, str, str]:
    async with asking(person) as answer:
        await answer.aread()
        assert answer.headers["content-type"] == "application/problem+json"
        return answer.status_code, answer.json()["type"], answer.headers["retry-after"]


async def gets_in(person: Person) -> bool:
    async with asking(person) as answer:
        return answer.status_code == 200


async def test_an_account_has_its_share_and_gets_it_back(house: House) -> None:
    greedy, other = await house.person(), await house.person()
    async with AsyncExitStack() as open_streams:
        for _ in range(2):
            stream = await open_streams.enter_async_context(asking(greedy))
            assert stream.status_code == 200
        assert await refusal(greedy) == (429, "/problems/streams-are-many", "5")
        assert (await greedy.get(PATH))["items"] == []  # a page is no stream
        assert await gets_in(other)
    await eventually(lambda: gets_in(greedy))


async def test_nobody_gets_in_where_there_is_no_place(house: House) -> None:
    first, second, third = [await house.person() for _ in range(3)]
    async with asking(first), asking(first), asking(second):
        assert await refusal(third) == (503, "/problems/no-place-for-streams", "1")
    await eventually(lambda: gets_in(third))
