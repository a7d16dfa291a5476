"""What readers get while Redis and the log are well: everything, in order, each once."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from uuid import uuid4

import pytest

from infrastructure.relay.events import ThreadCancelledEvent, ThreadStreamEvent
from infrastructure.relay.frames import sse_block
from infrastructure.relay.hub import Hub
from infrastructure.relay.publisher import Publisher
from infrastructure.relay.subscription import HubIsClosed
from tests.infrastructure.relay.conversation import Conversation, House, open_house
from tests.infrastructure.relay.transcript import Transcript, reading


async def test_a_reader_gets_what_was_there_and_then_what_comes(house: House) -> None:
    conversation = await house.converse()
    (before,) = await conversation.say("Hello")
    async with reading(house.hub, conversation) as reader:
        await reader.catch_up()
        assert reader.caught_up_at == before
        (last,) = await conversation.say(" world")
        await reader.reach(last)
    assert reader.public == await conversation.positions()


async def test_a_reader_resumes_after_any_position_visible_or_not(house: House) -> None:
    conversation = await house.converse()
    await conversation.record(times=3)
    await conversation.say("a", "b")
    everything = await conversation.positions(public=False)
    for number, after in enumerate(everything):
        async with reading(house.hub, conversation, after=after) as reader:
            await reader.catch_up()
        assert [event.position for event in reader.events] == everything[number + 1 :]


async def test_a_reader_that_comes_has_caught_up_with_the_log_and_not_with_redis(
    house: House,
) -> None:
    conversation = await house.converse()
    (known,) = await conversation.say("known to the hub")
    async with reading(house.hub, conversation) as first:
        await first.catch_up()
        house.loss = 1.0
        (lost,) = await conversation.say("lost on the way")
        async with reading(house.hub, conversation, after=known) as second:
            await second.catch_up()
        assert second.caught_up_at == lost
    assert second.public == [lost]


async def test_late_joiners_and_cut_readers_get_every_event_once_from_two_processes(
    house: House,
) -> None:
    chance = random.Random(7)
    conversations = [await house.converse() for _ in range(40)]
    async with house.another_hub() as other, asyncio.TaskGroup() as tasks:
        for number, each in enumerate(conversations):
            tasks.create_task(each.write_slowly(40, chance=random.Random(number)))
        readers = [
            tasks.create_task(_read_with_cuts(each, hubs=[house.hub, other], chance=chance))
            for each in conversations
            for _ in range(8)
        ]
    for number, reader in enumerate(readers):
        assert reader.result() == await conversations[number // 8].positions(public=False)


async def _read_with_cuts(
    conversation: Conversation, *, hubs: list[Hub], chance: random.Random
) -> list[int]:
    """Positions up to the terminal event, by one reader that is cut twice."""
    await asyncio.sleep(chance.random() * 0.3)
    got: list[ThreadStreamEvent] = []
    for enough in (chance.randrange(1, 20), chance.randrange(1, 20), 1000):
        after = got[-1].position if got else 0
        if got and got[-1].name == "completion.finished":
            break
        async with reading(chance.choice(hubs), conversation, after=after) as reader:
            await reader.has(enough, or_ends_with="completion.finished")
        got += reader.events
    return [event.position for event in got]


async def test_the_bytes_are_the_same_live_and_from_the_log(house: House) -> None:
    conversation = await house.converse()
    async with reading(house.hub, conversation) as live:
        await live.catch_up()
        await conversation.say("naïve ☃", '"quoted"\n', "\u2028")
        await conversation.record()
        (last,) = await conversation.finish()
        await live.reach(last)
    async with reading(house.hub, conversation) as late:
        await late.catch_up()
    entries = await house.log.reader.read_thread(conversation.thread_id)
    public = [entry for entry in entries if entry.name != "completion.message_recorded"]
    assert live.sse == late.sse == b"".join(map(sse_block, public))
    assert live.events == late.events


async def test_nobody_reads_the_log_while_nothing_is_lost(house: House) -> None:
    conversation = await house.converse()
    async with reading(house.hub, conversation) as reader:
        await reader.catch_up()
        reads = house.watched.page_reads
        for _ in range(50):
            await conversation.say("a", "b")
            await conversation.record(times=2)
        (last,) = await conversation.say("c")
        await reader.reach(last)
        assert house.watched.page_reads == reads
    assert reader.public == await conversation.positions()


async def test_a_reader_gets_nothing_of_its_owners_other_threads(house: House) -> None:
    owner_id = uuid4()
    mine, other = [await house.converse(owner_id=owner_id) for _ in range(2)]
    async with reading(house.hub, mine) as reader:
        await reader.catch_up()
        await other.say("elsewhere")
        (last,) = await mine.say("here")
        await reader.reach(last)
    assert {event.thread_id for event in reader.events} == {mine.thread_id}


async def test_two_processes_that_write_one_thread_are_read_in_the_order_of_the_log(
    house: House,
) -> None:
    conversation = await house.converse()
    async with (
        open_house(house.url, redis_url=house.redis_url) as second,
        reading(house.hub, conversation) as reader,
    ):
        second.publisher = Publisher(second.redis, prefix=house.prefix)
        second.publisher.start()
        worker = Conversation(second.log, owner_id=conversation.owner_id)
        worker.thread_id = conversation.thread_id
        await worker.start_answer()
        await asyncio.gather(_many(worker.say), _many(conversation.rename))
        await reader.reach((await conversation.positions())[-1])
        await second.publisher.close()
    assert reader.public == await conversation.positions()


async def test_a_cancelled_answer_is_a_thread_cancelled_event(house: House) -> None:
    conversation = await house.converse()
    async with reading(house.hub, conversation) as live:
        await live.catch_up()
        (last,) = await conversation.cancel()
        await live.reach(last)
    async with reading(house.hub, conversation) as late:
        await late.catch_up()
    for reader in (live, late):
        assert isinstance(reader.events[-1], ThreadCancelledEvent)


async def test_a_late_predecessor_is_waited_for_and_a_repeat_is_dropped(house: House) -> None:
    conversation = await house.converse()
    async with reading(house.hub, conversation) as reader:
        await reader.catch_up()
        reads = house.watched.page_reads
        house.loss = 1.0
        for text in "abc":
            await conversation.say(text)
        first, second, third = house.unpublished
        for entries in (third, second, third, first, second, first):
            house.publisher.publish(entries)
        await reader.reach(third[-1].position)
        assert house.watched.page_reads == reads
    assert reader.public == await conversation.positions()


async def test_at_the_tail_means_that_the_log_has_nothing_more(house: House) -> None:
    conversation = await house.converse()
    async with house.hub.subscribe(
        conversation.subject, owner_id=conversation.owner_id, after=0
    ) as subscription:
        assert not await subscription.is_at_tail()
        transcript = Transcript()
        following = asyncio.create_task(transcript.follow(subscription))
        await transcript.catch_up()
        assert await subscription.is_at_tail()
        following.cancel()
        house.loss = 1.0
        await conversation.say("not published")
        assert not await subscription.is_at_tail()


async def test_a_hub_that_closes_ends_its_readers_and_takes_no_more(house: House) -> None:
    conversation = await house.converse()
    async with house.another_hub() as hub:
        async with reading(hub, conversation) as reader:
            await reader.catch_up()
            await hub.close()
            await reader.until(lambda: isinstance(reader.error, HubIsClosed))
        with pytest.raises(HubIsClosed):
            async with reading(hub, conversation):
                pass


async def _many(write: Callable[[str], Awaitable[list[int]]]) -> None:
    for number in range(100):
        await write(str(number))
