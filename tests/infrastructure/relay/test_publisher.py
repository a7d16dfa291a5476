"""What a process that commits sends to Redis, and what becomes of it when Redis is away."""

import asyncio
import logging
import tracemalloc
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from infrastructure.embedded import EmbeddedValkey
from infrastructure.event_log.entry import LogEntry
from infrastructure.redis_client import connect_redis
from infrastructure.relay.channels import Channels
from infrastructure.relay.events import channel_of, stream_event, unpack
from infrastructure.relay.publisher import Publisher
from infrastructure.relay.tasks import end
from tests.infrastructure.relay.conversation import eventually

LOGGER = "infrastructure.relay.publisher"
STATE = b'{"at":1,"actor":"a","cause":null,"data":{}}'


class Listener:
    """Everything that arrives for some owners."""

    def __init__(self, url: str, *owners: UUID, prefix: str = "") -> None:
        self.messages: list[bytes] = []
        self.confirmed: list[str] = []
        self.redis = connect_redis(url)
        self.channels = Channels(
            self.redis,
            on_message=self.messages.append,
            on_confirmed=self.confirmed.append,
            on_away=self.confirmed.clear,
        )
        self.owners = [channel_of(owner, prefix=prefix) for owner in owners]
        for channel in self.owners:
            self.channels.want(channel)
        self.task = asyncio.create_task(self.channels.run())

    async def close(self) -> None:
        await end({self.task})
        await self.redis.aclose()


def entries(
    owner_id: UUID | None, *positions: int, thread_id: UUID | None = None, size: int = 0
) -> list[LogEntry]:
    thread_id = thread_id or uuid4()
    state = STATE.replace(b"{}", b'{"x":"%s"}' % (b"x" * size))
    return [
        LogEntry(uuid4(), 1, "thread.renamed@1", state, position, thread_id, owner_id,
                 datetime.now(UTC), position - 1)
        for position in positions
    ]  # fmt: skip


async def test_one_message_for_each_owner_and_append_in_the_order_of_appends(
    valkey: EmbeddedValkey,
) -> None:
    ann, bob = uuid4(), uuid4()
    listener = Listener(valkey.url, ann, bob, prefix="p:")
    redis = connect_redis(valkey.url)
    publisher = Publisher(redis, prefix="p:")
    publisher.start()
    await eventually(lambda: len(listener.confirmed) == 2)
    first = [*entries(ann, 1, 2), *entries(bob, 3), *entries(ann, 4)]
    second = entries(ann, 5)
    publisher.publish(first)
    publisher.publish(second)
    await publisher.close()
    await eventually(lambda: len(listener.messages) == 3)
    packed = [unpack(message) for message in listener.messages]
    of_ann = [events for events in packed if events[0].position != 3]
    assert of_ann == [
        [stream_event(entry) for entry in (first[0], first[1], first[3])],
        [stream_event(entry) for entry in second],
    ]
    await redis.aclose()
    await listener.close()


async def test_what_belongs_to_no_thread_or_nobody_is_not_sent(valkey: EmbeddedValkey) -> None:
    owner_id = uuid4()
    listener = Listener(valkey.url, owner_id)
    redis = connect_redis(valkey.url)
    publisher = Publisher(redis)
    publisher.start()
    await eventually(lambda: len(listener.confirmed) == 1)
    account = LogEntry(uuid4(), 1, "account.created@1", STATE, 1, None, owner_id, datetime.now(UTC))
    publisher.publish([account, *entries(None, 2)])
    publisher.publish(entries(owner_id, 3))
    await eventually(lambda: len(listener.messages) > 0)
    assert [event.position for event in unpack(listener.messages[0])] == [3]
    await publisher.close()
    await redis.aclose()
    await listener.close()


@pytest.fixture
async def stopped(own_valkey: EmbeddedValkey) -> AsyncIterator[EmbeddedValkey]:
    await asyncio.to_thread(own_valkey.start)
    await asyncio.to_thread(own_valkey.stop, wait_seconds=10)
    yield own_valkey
    await asyncio.to_thread(own_valkey.start)


async def test_without_redis_publishing_holds_up_nobody_and_keeps_little(
    stopped: EmbeddedValkey, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger=LOGGER)
    owner_id = uuid4()
    redis = connect_redis(stopped.url)
    publisher = Publisher(redis)
    publisher.start()
    loop = asyncio.get_running_loop()
    tracemalloc.start()
    for position in range(1, 1001):
        append = entries(owner_id, position, size=50_000)
        began = loop.time()
        publisher.publish(append)
        assert loop.time() - began < 0.2
        await asyncio.sleep(0)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 20_000_000
    await asyncio.to_thread(stopped.start)
    listener = Listener(stopped.url, owner_id)
    await eventually(lambda: len(listener.confirmed) == 1)
    await _sent(publisher, entries(owner_id, 2000), listener=listener)
    await publisher.close()
    await redis.aclose()
    await listener.close()
    told = [record.getMessage() for record in caplog.records if record.name == LOGGER]
    assert [words.split(":")[0] for words in told] == ["Redis is away", "Redis is back"]


async def _sent(publisher: Publisher, append: Sequence[LogEntry], *, listener: Listener) -> None:
    """Publish until it arrives: the first ones may be lost with a connection that is not back."""
    async with asyncio.timeout(10):
        while not any(unpack(m)[0].position == append[0].position for m in listener.messages):
            publisher.publish(append)
            await asyncio.sleep(0.05)


async def test_closing_without_redis_takes_about_a_second(stopped: EmbeddedValkey) -> None:
    redis = connect_redis(stopped.url)
    publisher = Publisher(redis)
    publisher.start()
    publisher.publish(entries(uuid4(), 1))
    async with asyncio.timeout(3):
        await publisher.close()
        await publisher.close()
    await redis.aclose()


async def test_an_event_that_cannot_be_shown_does_not_stop_the_others(
    valkey: EmbeddedValkey, caplog: pytest.LogCaptureFixture
) -> None:
    owner_id = uuid4()
    listener = Listener(valkey.url, owner_id)
    redis = connect_redis(valkey.url)
    publisher = Publisher(redis)
    publisher.start()
    await eventually(lambda: len(listener.confirmed) == 1)
    broken = LogEntry(
        uuid4(), 1, "thread.renamed@1", b"{", 1, uuid4(), owner_id, datetime.now(UTC), 0
    )
    publisher.publish([broken])
    publisher.publish(entries(owner_id, 2))
    await eventually(lambda: len(listener.messages) > 0)
    await publisher.close()
    assert [event.position for event in unpack(listener.messages[-1])] == [2]
    assert "position 1" in caplog.text
    await redis.aclose()
    await listener.close()
