"""A user's own stream: events of all threads but chunks, chunks of those that are followed."""

import asyncio
import random
from contextlib import AsyncExitStack
from uuid import UUID, uuid4

import pytest

from infrastructure.relay.events import ThreadStreamEvent
from infrastructure.relay.hub import Hub
from infrastructure.relay.subject import OwnerEvents, tails_of
from tests.infrastructure.relay.conversation import Conversation, House
from tests.infrastructure.relay.transcript import Transcript, reading

NOTHING = frozenset[UUID]()


async def in_the_log(house: House, owner_id: UUID, *, follow: frozenset[UUID]) -> list[int]:
    """What a stream has to show, found in another way: by looking at every event of the log."""
    entries = (await house.log.reader.read_after(0, limit=1_000_000)).entries
    return [
        entry.position
        for entry in entries
        if entry.owner_id == owner_id
        and entry.thread_id is not None
        and (entry.name != "completion.chunk" or entry.thread_id in follow)
    ]


async def several(house: House, count: int) -> list[Conversation]:
    """Conversations of one user."""
    owner_id = uuid4()
    return [await house.converse(owner_id=owner_id) for _ in range(count)]


@pytest.mark.parametrize("loss", [0.0, 0.3, 1.0])
async def test_readers_that_are_cut_get_the_events_of_all_threads_in_order_and_once(
    house: House, loss: float
) -> None:
    chance = random.Random(3)
    mine = await several(house, 5)
    stranger = await house.converse()
    follow = frozenset({mine[0].thread_id, mine[1].thread_id})
    house.loss = loss
    async with house.another_hub() as other, asyncio.TaskGroup() as tasks:
        writers = [
            tasks.create_task(each.write_slowly(30, chance=random.Random(number)))
            for number, each in enumerate([*mine, stranger])
        ]
        readers = [
            (followed, tasks.create_task(_read_with_cuts(subject, hubs, mine[0], chance=chance)))
            for followed in (NOTHING, follow)
            for subject in [OwnerEvents(mine[0].owner_id, followed)]
            for hubs in [[house.hub, other]] * 4
        ]
        await asyncio.wait(writers)
        await mine[4].rename("the end")
    for followed, reader in readers:
        assert reader.result() == await in_the_log(house, mine[0].owner_id, follow=followed)


async def _read_with_cuts(
    subject: OwnerEvents, hubs: list[Hub], one: Conversation, *, chance: random.Random
) -> list[int]:
    """Positions up to the end, which alone is a renaming."""
    got: list[ThreadStreamEvent] = []
    while not got or got[-1].name != "thread.renamed":
        after = got[-1].position if got else 0
        async with reading(chance.choice(hubs), one, after=after, subject=subject) as reader:
            await reader.has(chance.randrange(1, 12), or_ends_with="thread.renamed")
        got += reader.events
    return [event.position for event in got]


async def test_what_is_followed_comes_live_and_other_chunks_do_not(house: House) -> None:
    watched, other = await several(house, 2)
    subject = OwnerEvents(watched.owner_id, frozenset({watched.thread_id}))
    async with reading(house.hub, watched, subject=subject) as reader:
        await reader.catch_up()
        looks = house.watched.tail_reads
        for _ in range(10):
            (seen,) = await watched.say("seen")
            await reader.reach(seen)
            await other.say("not seen")
        assert house.watched.tail_reads - looks < 10  # nothing waited for the next look
        (last,) = await other.finish()
        await reader.reach(last)
    names = [event.name for event in reader.events]
    assert names.count("completion.chunk") == 10
    assert names[-1] == "completion.finished"


async def test_every_position_of_the_log_is_a_place_to_resume(house: House) -> None:
    first, second = await several(house, 2)
    await first.say("a", "b")
    await house.converse()
    await second.record()
    await second.say("c")
    (end,) = await first.rename("end")
    follow = frozenset({first.thread_id})
    subject = OwnerEvents(first.owner_id, follow)
    everything = await in_the_log(house, first.owner_id, follow=follow)
    for after in range(everything[0] - 1, end + 1):
        async with reading(house.hub, first, after=after, subject=subject) as reader:
            await reader.catch_up()
        assert [event.position for event in reader.events] == [p for p in everything if p > after]


async def test_many_pages_of_several_threads_are_one_order(house: House) -> None:
    mine = await several(house, 3)
    for _ in range(45):
        for each in mine:
            await each.say(*"words")
        await mine[2].record()
    follow = frozenset(each.thread_id for each in mine[:2])
    async with reading(house.hub, mine[0], subject=OwnerEvents(mine[0].owner_id, follow)) as reader:
        await reader.catch_up()
    positions = [event.position for event in reader.events]
    assert positions == await in_the_log(house, mine[0].owner_id, follow=follow)
    assert len(positions) > 2 * 200


async def test_the_tail_is_the_last_event_of_the_stream(house: House) -> None:
    first, second = await several(house, 2)
    (chunk,) = await second.say("chunk")
    for follow in (NOTHING, frozenset({first.thread_id}), frozenset({second.thread_id})):
        subject = OwnerEvents(first.owner_id, follow)
        expected = (await in_the_log(house, first.owner_id, follow=follow))[-1]
        assert await tails_of(house.log.reader, [subject]) == {subject: expected}
    assert expected == chunk
    nobody = OwnerEvents(uuid4(), NOTHING)
    assert await tails_of(house.log.reader, [nobody]) == {nobody: 0}


async def test_a_thousand_watchers_of_one_user_cost_one_read_of_the_log_for_each_append(
    house: House,
) -> None:
    watched, other = await several(house, 2)
    subject = OwnerEvents(watched.owner_id, frozenset({watched.thread_id}))
    async with AsyncExitStack() as stack:
        readers = [
            await stack.enter_async_context(reading(house.hub, watched, subject=subject))
            for _ in range(1000)
        ]
        for reader in readers:
            await reader.catch_up()
        reads = house.watched.page_reads
        for number in range(5):
            await other.say("which nobody sees")
            (last,) = await (watched.say("word") if number else other.rename("renamed"))
            await asyncio.gather(*(reader.reach(last) for reader in readers))
        assert house.watched.page_reads - reads == 5
    expected = await in_the_log(house, watched.owner_id, follow=subject.follow)
    assert all([event.position for event in reader.events] == expected for reader in readers)


async def test_a_reader_is_served_by_the_log_alone_while_redis_tells_nothing(house: House) -> None:
    first, second = await several(house, 2)
    subject = OwnerEvents(first.owner_id, frozenset({first.thread_id}))
    async with reading(house.hub, first, subject=subject) as reader:
        await reader.catch_up()
        house.loss = 1.0
        await first.say("a")
        (last,) = await second.rename("b")
        await reader.reach(last)
    assert reader.public[-2:] == [last - 1, last]


async def test_a_slow_reader_goes_on_where_it_stood(house: House) -> None:
    slow, fast = await several(house, 2)
    subject = OwnerEvents(slow.owner_id, frozenset({slow.thread_id}))
    transcript = Transcript()
    async with (
        house.hub.subscribe(subject, owner_id=slow.owner_id, after=0) as subscription,
        reading(house.hub, slow, subject=subject) as other,
    ):
        transcript.take(await anext(subscription))
        for _ in range(10):
            (last,) = await slow.say("x" * 100_000)
            await other.reach(last)
        (last,) = await fast.finish()
        async for item in subscription:
            transcript.take(item)
            if transcript.last == last:
                break
    expected = await in_the_log(house, slow.owner_id, follow=subject.follow)
    assert [event.position for event in transcript.events] == expected
