"""What readers get while Redis or the log fail: the same, a little later."""

import asyncio
import logging
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from infrastructure.embedded import EmbeddedValkey
from tests.infrastructure.relay.conversation import Conversation, House, eventually
from tests.infrastructure.relay.transcript import Transcript, reading


async def command(house: House, *words: str) -> Any:
    return await house.redis.execute_command(*words)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


async def kill_subscribers(house: House) -> None:
    """Cut the connections that listen, at least one."""
    async with asyncio.timeout(10):
        while True:
            if await command(house, "CLIENT", "KILL", "TYPE", "pubsub"):
                return
            await asyncio.sleep(0.01)


@asynccontextmanager
async def followed(
    house: House, conversations: list[Conversation]
) -> AsyncGenerator[list[Transcript]]:
    """A live reader of each."""
    async with asyncio.TaskGroup() as tasks:
        stop = asyncio.Event()
        transcripts: list[Transcript] = []

        async def follow(conversation: Conversation) -> None:
            async with reading(house.hub, conversation) as transcript:
                transcripts.append(transcript)
                await stop.wait()

        for conversation in conversations:
            tasks.create_task(follow(conversation))
            await asyncio.sleep(0)
        for transcript in transcripts:
            await transcript.catch_up()
        try:
            yield transcripts
        finally:
            stop.set()


async def check(transcripts: list[Transcript], conversations: list[Conversation]) -> None:
    """Everybody has everything, in order, once."""
    for transcript, conversation in zip(transcripts, conversations, strict=True):
        positions = await conversation.positions(public=False)
        await transcript.reach(positions[-1])
        assert [event.position for event in transcript.events] == positions


async def test_cut_connections_and_lost_messages_cost_nobody_an_event(shaky_house: House) -> None:
    conversations = [await shaky_house.converse() for _ in range(100)]
    shaky_house.loss = 0.01
    async with followed(shaky_house, conversations) as transcripts:
        async with asyncio.TaskGroup() as tasks:
            for number, each in enumerate(conversations):
                tasks.create_task(each.write_slowly(20, chance=random.Random(number)))
            for _ in range(8):
                await kill_subscribers(shaky_house)
                await asyncio.sleep(0.1)
            await command(shaky_house, "FLUSHALL")
        await check(transcripts, conversations)
    assert shaky_house.watched.most_under_way <= 8


async def test_a_lost_message_that_nothing_follows_is_found_by_the_tail(house: House) -> None:
    conversation = await house.converse()
    async with reading(house.hub, conversation) as reader:
        await reader.catch_up()
        house.loss = 1.0
        (last,) = await conversation.say("the last word")
        await reader.reach(last)


async def test_a_cut_connection_is_repaired_without_waiting_for_the_tail(
    shaky_house: House,
) -> None:
    conversation = await shaky_house.converse()
    async with reading(shaky_house.hub, conversation) as reader:
        await reader.catch_up()
        await _next_tail_check(shaky_house)
        shaky_house.loss = 1.0
        (last,) = await conversation.say("lost")
        await kill_subscribers(shaky_house)
        async with asyncio.timeout(1):
            await reader.reach(last)


async def _next_tail_check(house: House) -> None:
    """Return right after one, two seconds before the next."""
    reads = house.watched.tail_reads
    await eventually(lambda: house.watched.tail_reads > reads)


async def test_without_redis_a_reader_comes_and_reads_on_and_is_live_when_redis_is_back(
    shaky_house: House, own_valkey: EmbeddedValkey, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="infrastructure.relay")
    conversation = await shaky_house.converse()
    await eventually(lambda: shaky_house.hub.is_live)
    await asyncio.to_thread(own_valkey.stop, wait_seconds=10)
    await eventually(lambda: not shaky_house.hub.is_live)
    async with reading(shaky_house.hub, conversation) as reader:
        await reader.catch_up()
        for text in "abc":
            (last,) = await conversation.say(text)
            await reader.reach(last)
        await asyncio.to_thread(own_valkey.start)
        await eventually(lambda: shaky_house.hub.is_live)
        await _published_again(shaky_house, conversation, reader)
    assert reader.public == await conversation.positions()
    told = [record.getMessage() for record in caplog.records if record.name.endswith("channels")]
    assert [words.split(":")[0] for words in told] == ["Redis is away", "Redis is back"]


async def _published_again(house: House, conversation: Conversation, reader: Transcript) -> None:
    """Wait until events come without a look at the log."""
    async with asyncio.timeout(10):
        while True:
            reads = house.watched.page_reads
            (last,) = await conversation.say("live?")
            await reader.reach(last)
            if house.watched.page_reads == reads:
                return


async def test_redis_that_goes_in_mid_stream_costs_nobody_an_event(
    shaky_house: House, own_valkey: EmbeddedValkey
) -> None:
    conversations = [await shaky_house.converse() for _ in range(20)]
    async with followed(shaky_house, conversations) as transcripts:
        async with asyncio.TaskGroup() as tasks:
            for number, each in enumerate(conversations):
                tasks.create_task(each.write_slowly(80, chance=random.Random(number)))
            await asyncio.to_thread(own_valkey.stop, wait_seconds=10)
            await asyncio.to_thread(own_valkey.start)
        await check(transcripts, conversations)


async def test_a_reader_that_comes_while_the_log_is_away_stays_and_is_served_later(
    house: House,
) -> None:
    conversation = await house.converse()
    house.watched.is_away = True
    async with house.hub.subscribe(
        conversation.subject, owner_id=conversation.owner_id, after=0, tick_seconds=0.02
    ) as subscription:
        transcript = Transcript()
        following = asyncio.create_task(transcript.follow(subscription))
        await transcript.until(lambda: transcript.ticks > 3)
        assert transcript.events == []
        house.watched.is_away = False
        await transcript.catch_up()
        following.cancel()
    assert transcript.public == await conversation.positions()


async def test_a_reader_that_leaves_while_the_log_is_away_is_forgotten(house: House) -> None:
    conversation = await house.converse()
    async with reading(house.hub, conversation) as reader:
        await reader.catch_up()
    tasks = len(asyncio.all_tasks())
    house.watched.is_away = True
    async with house.hub.subscribe(
        conversation.subject, owner_id=conversation.owner_id, after=0, tick_seconds=0.02
    ) as subscription:
        transcript = Transcript()
        following = asyncio.create_task(transcript.follow(subscription))
        await transcript.until(lambda: transcript.ticks > 3)
        following.cancel()
    await eventually(lambda: len(asyncio.all_tasks()) == tasks)


async def test_a_gap_that_opens_while_the_log_is_away_is_filled_when_it_is_back(
    house: House,
) -> None:
    conversation = await house.converse()
    async with reading(house.hub, conversation) as reader:
        await reader.catch_up()
        house.watched.is_away = True
        house.loss = 1.0
        await conversation.say("lost")
        house.loss = 0.0
        (last,) = await conversation.say("early")
        assert reader.last < last
        house.watched.is_away = False
        await reader.reach(last)
    assert reader.public == await conversation.positions()


async def test_a_foreign_message_on_a_channel_harms_nobody(house: House) -> None:
    conversation = await house.converse()
    async with reading(house.hub, conversation) as reader:
        await reader.catch_up()
        channel = f"{house.prefix}events:user:{conversation.owner_id}"
        for junk in (b"{}", b"\xff", b"", b"0 0 0 x 5\nabc"):
            await house.redis.publish(channel, junk)  # pyright: ignore[reportUnknownMemberType]
        (last,) = await conversation.say("ours")
        await reader.reach(last)
    assert reader.public == await conversation.positions()
