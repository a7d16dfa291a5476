"""A user's own stream over two conversations at once, with readers that are cut off."""

import asyncio
import random
from collections.abc import AsyncGenerator

import httpx2
import pytest

from domain.ids import uuid7
from tests.faults.links import Links
from tests.model_server import ask
from tests.system.client import ENDINGS, Client, Json, Seen, connected
from tests.system.stack import Stack

pytestmark = pytest.mark.usefixtures("healed")


@pytest.fixture
async def own(stack: Stack, client: Client) -> AsyncGenerator[Client]:
    """Somebody new, whose events are of this test alone."""
    issued = await client.post("/v1/keys", {"user_id": str(uuid7()), "role": "user"})
    async with connected(stack.url, key=issued["key"]) as own:
        yield own


@pytest.mark.parametrize("redis", ["well", "away"])
async def test_a_reader_that_is_cut_gets_both_threads_exactly(
    own: Client, links: Links, redis: str
) -> None:
    if redis == "away":
        links.redis.shut()
    followed, other = [await own.start(ask(words=60, gap_seconds=0.02)) for _ in range(2)]
    seen = await _until_both_end(own, followed, other, chance=random.Random(11))
    log = [
        event
        for started in (followed, other)
        for event in await own.public_log(started["thread_id"])
        if event["name"] != "completion.chunk" or started is followed
    ]
    expected = sorted(log, key=lambda event: event["position"])
    assert [event.body for event in seen] == expected[: len(seen)]
    assert len(seen) >= len(expected) - 2  # a turn may have ended after its answer
    assert sum(event.name == "completion.chunk" for event in seen) > 3


async def _until_both_end(
    own: Client, followed: Json, other: Json, *, chance: random.Random
) -> list[Seen]:
    seen: list[Seen] = []
    left = {followed["completion_id"], other["completion_id"]}
    async with asyncio.timeout(60):
        while left:
            enough = chance.randrange(1, 9)
            async for event in _events(own, followed["thread_id"], seen):
                seen.append(event)
                if event.name in ENDINGS:
                    left.discard(event.body["completion_id"])
                enough -= 1
                if not enough or not left:
                    break
    return seen


async def _events(own: Client, follow: str, seen: list[Seen]) -> AsyncGenerator[Seen]:
    headers = {"Accept": "text/event-stream", "Last-Event-ID": str(seen[-1].id if seen else 0)}
    query = {"follow": follow}
    async with own.http.stream("GET", "/v1/events", headers=headers, params=query) as answer:
        assert answer.status_code == 200, await answer.aread()
        async for event in httpx2.EventSource(answer):
            if event.data and event.event != "sync":
                yield Seen(int(event.id), event.event, event.json())  # pyright: ignore[reportArgumentType]
