"""What a process that commits sends to Redis, and what becomes of it when Redis is away."""

import asyncio
import logging
import tracemalloc
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from infrastructure.embedded import EmbeddedValkey
from infrastructure.event_log.entry import LogEntry
from infrastructure.redis_client import connect_redis
from infrastructure.relay.channels import Channels
from infrastructure.relay.events import channel_of, stream_event, unpack
from infrastructure.relay.publisher import Publisher
from infrastructure.tasks import end
from tests.infrastructure.relay.conversation import eventually

LOGGER = "infrastructure.relay.publisher"
STATE = b'{"at":1,"actor":"a","cause":null,"data":{}}'


class Listener:
    """Everything that arrives for some owners, of what a publisher beside it sends."""

    def __init__(self, url: str, *owners: UUID) -> None:
        self.prefix = f"test-{uuid4().hex}:"
        self.messages: list[bytes] = []
        self.confirmed: list[str] = []
        self.redis = connect_redis(url)
        self.publisher = Publisher(self.redis, prefix=self.prefix)
        self.channels = Channels(
            self.redis,
            on_message=self._take,
            on_confirmed=self.confirmed.append,
            on_away=self.confirmed.clear,
        )
        self.owners = owners

    @property
    def positions(self) -> list[int]:
        return [event.position for message in self.messages for event in unpack(message)]

    def _take(self, channel: str, message: bytes) -> None:
        assert channel in {channel_of(owner, prefix=self.prefix) for owner in self.owners}
        self.messages.append(message)

    async def listen(self) -> None:
        """Until all owners' channels are confirmed."""
        await eventually(lambda: len(self.confirmed) == len(self.owners))


@asynccontextmanager
async def listening(url: str, *owners: UUID) -> AsyncGenerator[Listener]:
    listener = Listener(url, *owners)
    for owner_id in owners:
        listener.channels.want(channel_of(owner_id, prefix=listener.prefix))
    running = asyncio.create_task(listener.channels.run())
    listener.publisher.start()
    try:
        yield listener
    finally:
        await listener.publisher.close()
        await end({running})
        await listener.redis.aclose()


def entries(owner_id: UUID | None, *positions: int, characters: int = 0) -> list[LogEntry]:
    """Events of one thread."""
    thread_id = uuid4()
    state = STATE.replace(b"{}", b'{"x":"%s"}' % (b"x" * characters))
    return [entry(owner_id, position, state=state, thread_id=thread_id) for position in positions]


def entry(
    owner_id: UUID | None, position: int, *, state: bytes = STATE, thread_id: UUID | None = None
) -> LogEntry:
    return LogEntry(
        originator_id=uuid4(),
        originator_version=1,
        topic="thread.renamed@1",
        state=state,
        id=position,
        thread_id=thread_id,
        owner_id=owner_id,
        recorded_at=datetime.now(UTC),
        previous=position - 1,
    )


async def test_one_message_for_each_owner_and_append_in_the_order_of_appends(
    valkey: EmbeddedValkey,
) -> None:
    ann, bob = uuid4(), uuid4()
    first = [*entries(ann, 1, 2), *entries(bob, 3), *entries(ann, 4)]
    second = entries(ann, 5)
    async with listening(valkey.url, ann, bob) as listener:
        await listener.listen()
        listener.publisher.publish(first)
        listener.publisher.publish(second)
        await eventually(lambda: len(listener.messages) == 3)
    of_ann = [unpack(message) for message in listener.messages]
    of_ann = [events for events in of_ann if events[0].position != 3]
    assert of_ann == [
        [stream_event(each) for each in (first[0], first[1], first[3])],
        [stream_event(each) for each in second],
    ]


async def test_closing_sends_what_waits(valkey: EmbeddedValkey) -> None:
    ann = uuid4()
    async with listening(valkey.url, ann) as listener:
        await listener.listen()
        for position in range(1, 501):
            listener.publisher.publish(entries(ann, position))
        await listener.publisher.close()
        await eventually(lambda: listener.positions == list(range(1, 501)))


async def test_what_belongs_to_no_thread_or_nobody_is_not_sent(valkey: EmbeddedValkey) -> None:
    ann = uuid4()
    async with listening(valkey.url, ann) as listener:
        await listener.listen()
        listener.publisher.publish([entry(ann, 1), *entries(None, 2)])
        listener.publisher.publish(entries(ann, 3))
        await eventually(lambda: len(listener.messages) > 0)
    assert listener.positions == [3]


async def test_an_event_that_cannot_be_shown_does_not_stop_the_others(
    valkey: EmbeddedValkey, caplog: pytest.LogCaptureFixture
) -> None:
    ann = uuid4()
    async with listening(valkey.url, ann) as listener:
        await listener.listen()
        listener.publisher.publish([entry(ann, 1, state=b"{", thread_id=uuid4())])
        listener.publisher.publish(entries(ann, 2))
        await eventually(lambda: 2 in listener.positions)
    assert "position 1" in caplog.text


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
    ann = uuid4()
    clock = asyncio.get_running_loop().time
    async with listening(stopped.url, ann) as listener:
        tracemalloc.start()
        for position in range(1, 1001):
            append = entries(ann, position, characters=50_000)
            began = clock()
            listener.publisher.publish(append)
            assert clock() - began < 0.2
            await asyncio.sleep(0)
        kept, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert kept < 20_000_000
        async with asyncio.timeout(10):
            while _told(caplog) != ["Redis is away"]:  # noqa: ASYNC110  (a condition)
                await asyncio.sleep(0.01)
        await asyncio.to_thread(stopped.start)
        await listener.listen()
        await _arrives(entries(ann, 2000), listener)
    assert _told(caplog) == ["Redis is away", "Redis is back"]


def _told(caplog: pytest.LogCaptureFixture) -> list[str]:
    told = [record.getMessage() for record in caplog.records if record.name == LOGGER]
    return [words.split(":")[0] for words in told]


async def _arrives(append: Sequence[LogEntry], listener: Listener) -> None:
    """Publish until it does: the first ones may be lost with a connection that is not back."""
    async with asyncio.timeout(10):
        while append[0].position not in listener.positions:
            listener.publisher.publish(append)
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
