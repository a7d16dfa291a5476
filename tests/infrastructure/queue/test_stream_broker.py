"""The broker on a Redis that works: what happens to entries, queues and consumers."""

import pytest

from infrastructure.embedded import EmbeddedValkey
from infrastructure.queue.broker import ResilientStreamBroker
from infrastructure.queue.stream import ConsumerGroup
from tests.infrastructure.queue.wake_ups import WakeUps, command, eventually, working


async def test_a_kicked_task_runs_and_leaves_the_stream_empty(wake_ups: WakeUps) -> None:
    await wake_ups.note.kiq("kicked before any worker was there")
    async with working(wake_ups.broker):
        assert await wake_ups.next_run() == "kicked before any worker was there"
        await wake_ups.note.kiq("kicked with a worker waiting")
        assert await wake_ups.next_run() == "kicked with a worker waiting"
        await eventually(wake_ups.is_empty)


async def test_a_worker_takes_no_more_entries_than_it_can_run(wake_ups: WakeUps) -> None:
    for name in "abcde":
        await wake_ups.hold.kiq(name)
    async with working(wake_ups.broker, slots=2):
        await eventually(lambda: wake_ups.holding == 2)
        assert await command(wake_ups.redis, "XLEN", wake_ups.stream) == 3
        wake_ups.release.set()
        assert sorted([await wake_ups.next_run() for _ in "abcde"]) == list("abcde")


async def test_an_entry_of_a_dead_worker_is_taken_over_on_a_quiet_queue(wake_ups: WakeUps) -> None:
    await wake_ups.abandon("orphan")
    async with working(wake_ups.broker):
        assert await wake_ups.next_run() == "orphan"
        await eventually(wake_ups.is_empty)


@pytest.mark.parametrize(
    "fields",
    [
        {"no": "data"},
        {"data": "no JSON"},
        {"data": b"\xff\xfe"},
        {"data": "[" * 100_000},
        {"data": '{"task_name": "note"}'},
    ],
    ids=["no data", "no JSON", "no UTF-8", "endless nesting", "no message"],
)
async def test_an_entry_that_is_no_message_becomes_a_dead_letter_and_the_worker_lives(
    wake_ups: WakeUps, fields: dict[str, str | bytes]
) -> None:
    words = [word for pair in fields.items() for word in pair]
    await command(wake_ups.redis, "XADD", wake_ups.stream, "*", *words)
    await wake_ups.note.kiq("next")
    async with working(wake_ups.broker):
        assert await wake_ups.next_run() == "next"
        await eventually(wake_ups.is_empty)
    (letter,) = await wake_ups.dead_letters()
    assert letter[b"why"] == b"not a message"
    assert {name.encode() for name in fields} < letter.keys()


async def test_an_entry_that_kills_its_workers_becomes_a_dead_letter(
    valkey: EmbeddedValkey,
) -> None:
    async with WakeUps(valkey.url, max_deliveries=3) as wake_ups:
        await wake_ups.abandon("has a last chance", deliveries=2)
        await wake_ups.abandon("poison", deliveries=3)
        async with working(wake_ups.broker):
            await eventually(wake_ups.is_empty)
            assert await wake_ups.next_run() == "has a last chance"
        (letter,) = await wake_ups.dead_letters()
        assert b"poison" in letter[b"data"]
        assert letter[b"why"] == b"delivered 3 times and never acknowledged"
        assert wake_ups.ran.empty()


async def test_only_the_latest_dead_letters_are_kept(valkey: EmbeddedValkey) -> None:
    async with WakeUps(valkey.url, dead_letters_kept=2) as wake_ups:
        for number in range(5):
            await command(wake_ups.redis, "XADD", wake_ups.stream, "*", "number", number)
        async with working(wake_ups.broker):
            await eventually(wake_ups.is_empty)
        assert [letter[b"number"] for letter in await wake_ups.dead_letters()] == [b"3", b"4"]


async def test_a_label_sends_a_task_to_another_queue_and_the_prefix_stands_before_every_key(
    valkey: EmbeddedValkey, wake_ups: WakeUps
) -> None:
    tools = ResilientStreamBroker(
        valkey.url, queue_name="tools", prefix=wake_ups.prefix, block_ms=100
    )
    tools.local_task_registry.update(wake_ups.broker.local_task_registry)
    await wake_ups.note.kicker().with_labels(queue_name="tools").kiq("a tool")
    await command(wake_ups.redis, "XADD", f"{wake_ups.prefix}tools", "*", "no", "data")
    assert not await command(wake_ups.redis, "EXISTS", wake_ups.stream)

    async def buried() -> bool:
        return await command(wake_ups.redis, "XLEN", f"{wake_ups.prefix}tools:dead") == 1

    async with working(tools):
        assert await wake_ups.next_run() == "a tool"
        await eventually(buried)
    await tools.shutdown()


async def test_idle_consumers_are_removed_unless_they_hold_entries(valkey: EmbeddedValkey) -> None:
    async with WakeUps(valkey.url, idle_timeout_ms=60_000, consumer_idle_ms=500) as wake_ups:
        queue = (wake_ups.stream, wake_ups.group)
        await wake_ups.abandon("still pending")  # of the consumer "dead"
        await command(wake_ups.redis, "XGROUP CREATECONSUMER", *queue, "forgotten")

        async def names() -> set[bytes]:
            return {c["name"] for c in await command(wake_ups.redis, "XINFO CONSUMERS", *queue)}

        async def forgotten_is_gone() -> bool:
            return b"forgotten" not in await names()

        async with working(wake_ups.broker):
            await eventually(forgotten_is_gone)
            assert await names() == {b"dead", wake_ups.broker.consumer_name.encode()}


async def test_a_group_that_is_made_twice_keeps_its_place(wake_ups: WakeUps) -> None:
    group = ConsumerGroup(wake_ups.redis, stream=wake_ups.stream, group="group", consumer="one")
    await wake_ups.note.kiq("once")
    await group.make()
    assert await group.read(block_ms=1) is not None
    await group.make()
    assert await group.read(block_ms=1) is None


async def test_messages_are_json_and_results_are_kept_nowhere(wake_ups: WakeUps) -> None:
    await wake_ups.note.kiq("plain")
    ((_, fields),) = await command(wake_ups.redis, "XRANGE", wake_ups.stream, "-", "+")
    assert b'"args": ["plain"]' in fields[b"data"]
    async with working(wake_ups.broker):
        await wake_ups.next_run()
        await eventually(wake_ups.is_empty)
    assert await command(wake_ups.redis, "KEYS", f"{wake_ups.prefix}*") == [
        wake_ups.stream.encode()
    ]
