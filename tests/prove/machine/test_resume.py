"""Readers that are cut off and come back get every event once, in order."""

import random

from infrastructure.embedded import EmbeddedValkey
from infrastructure.redis_client import connect_redis
from tests.model_server import ask
from tests.system.client import ENDINGS, Client, Seen


async def test_twenty_cuts_and_a_flushed_redis_lose_and_double_nothing(
    client: Client, valkey: EmbeddedValkey
) -> None:
    started = await client.start(ask(words=300, gap_seconds=0.01))
    thread = started["thread_id"]
    seen: list[Seen] = []
    chance = random.Random(7)
    for cut in range(20):
        if cut == 10:
            async with connect_redis(valkey.url) as redis:
                await redis.flushall()  # pyright: ignore[reportUnknownMemberType]
        stop_after = chance.randrange(1, 4)
        async for event in client.events(thread, after=seen[-1].id if seen else 0):
            seen.append(event)
            stop_after -= 1
            if not stop_after or event.name in ENDINGS:
                break
    seen += await client.until_end(started["completion_id"], thread, after=seen[-1].id)
    log = await client.public_log(thread)
    assert [event.body for event in seen] == log[: len(seen)]
    assert seen[-1].name == "completion.finished"
