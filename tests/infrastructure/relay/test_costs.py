"""What readers cost: watchers, slow ones, and those that have gone."""

import asyncio
import gc
import tracemalloc
import weakref
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from infrastructure.relay.subscription import Arrived, CaughtUp, Subscription
from tests.infrastructure.relay.conversation import Conversation, House
from tests.infrastructure.relay.transcript import Transcript, reading

WATCHERS = 1000


@asynccontextmanager
async def watched(house: House, conversation: Conversation) -> AsyncGenerator[list[Transcript]]:
    async with AsyncExitStack() as stack:
        readers = [
            await stack.enter_async_context(reading(house.hub, conversation))
            for _ in range(WATCHERS)
        ]
        for reader in readers:
            await reader.catch_up()
        yield readers


async def test_a_thousand_watchers_read_the_log_once_for_a_gap_and_never_without_one(
    house: House,
) -> None:
    conversation = await house.converse()
    async with watched(house, conversation) as readers:
        assert house.watched.most_under_way <= 8
        reads = house.watched.page_reads
        for text in "abcde":
            (last,) = await conversation.say(text)
            await asyncio.gather(*(reader.reach(last) for reader in readers))
        assert house.watched.page_reads == reads
        house.loss = 1.0
        await conversation.say("lost")
        house.loss = 0.0
        (last,) = await conversation.say("found")
        await asyncio.gather(*(reader.reach(last) for reader in readers))
        assert house.watched.page_reads == reads + 1
    expected = await conversation.positions()
    assert all(reader.public == expected for reader in readers)


async def test_a_slow_reader_holds_little_and_reads_the_log_when_it_goes_on(house: House) -> None:
    conversation = await house.converse()
    async with (
        house.hub.subscribe(conversation.subject, owner_id=conversation.owner_id, after=0) as slow,
        reading(house.hub, conversation) as fast,
    ):
        async for item in slow:
            if isinstance(item, CaughtUp):
                break
        await fast.catch_up()
        reads = house.watched.page_reads
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        last = 0
        for _ in range(40):
            (last,) = await conversation.say("x" * 100_000)
            await fast.reach(last)
            fast.forget()
        after, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert after - before < 1_000_000
        assert house.watched.page_reads == reads  # the fast one was not held up
        got: list[int] = []
        async for item in slow:
            assert isinstance(item, Arrived)
            assert sum(len(event.sse) for event in item.events) < 500_000
            got += [event.position for event in item.events]
            if got[-1] == last:
                break
    assert got == (await conversation.positions())[2:]
    assert house.watched.page_reads > reads


async def test_readers_that_leave_leave_nothing_behind(house: House) -> None:
    conversations = [await house.converse() for _ in range(20)]
    async with reading(house.hub, conversations[0]) as reader:
        await reader.catch_up()
    tasks = _tasks()
    gc.collect()
    gc.disable()
    try:
        gone = [
            await _come_and_go(house, each, moment) for each in conversations for moment in range(5)
        ]
        assert [reference() for reference in gone] == [None] * len(gone)
    finally:
        gc.enable()
    assert _tasks() == tasks
    await _no_channels(house)


def _tasks() -> int:
    """Not those of the link between: it has some for each connection, made when one is needed."""
    names = [getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks()]
    return sum(not name.startswith(("Lane.", "Link.", "FaultProxy.")) for name in names)


async def _no_channels(house: House) -> None:
    """Wait until Redis knows of no subscription."""
    async with asyncio.timeout(5):
        while True:
            if not await house.redis.pubsub_channels(f"{house.prefix}*"):  # pyright: ignore[reportUnknownMemberType]
                return
            await asyncio.sleep(0.01)


async def _come_and_go(
    house: House, conversation: Conversation, moment: int
) -> "weakref.ref[Subscription]":
    """Leave at once, after some steps of the event loop, or when caught up."""
    async with house.hub.subscribe(
        conversation.subject, owner_id=conversation.owner_id, after=0
    ) as subscription:
        reference = weakref.ref(subscription)
        transcript = Transcript()
        following = asyncio.create_task(transcript.follow(subscription))
        if moment == 4:
            await transcript.catch_up()
        for _ in range(moment):
            await asyncio.sleep(0)
        following.cancel()
        await asyncio.wait({following})
    return reference
