"""The TaskIQ broker of the wake-up queue: Redis Streams that outlive Redis.

A message only says "now"; PostgreSQL is the queue of record. So a message may come twice, late or
never, and the broker's duty is that workers live on and API calls are not held up.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator
from functools import partial

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError
from taskiq import AckableMessage, AsyncBroker, BrokerMessage
from taskiq_redis import RedisStreamBroker

from infrastructure.queue.stream import ConsumerGroup, Entry
from infrastructure.redis_client import connection_settings

logger = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 2.0


class ResilientStreamBroker(RedisStreamBroker):
    """What the stock RedisStreamBroker does not do (taskiq-redis 1.2.4):

    - a dropped connection, or Redis away (at start-up too), does not end the worker;
    - a worker takes one entry at a time, so that others share the work;
    - an entry left behind by a dead worker is taken over, on a quiet queue too;
    - a lost consumer group is made again, from the start of the stream;
    - entries that are no message, or that come back time after time, become dead letters;
    - acknowledged entries and forgotten consumers are removed.

    Entries of live workers are taken over too after `idle_timeout_ms`: let them be acknowledged
    when received, as `serve` does.
    """

    def __init__(
        self,
        url: str,
        *,
        queue_name: str,
        prefix: str = "",
        kick_timeout_seconds: float = 0.5,
        block_ms: int = 2_000,
        idle_timeout_ms: int = 30_000,
        take_over_every_seconds: float = 5.0,
        max_deliveries: int = 5,
        dead_letters_kept: int = 1_000,
        consumer_idle_ms: int = 3_600_000,
    ) -> None:
        """Listens on the stream `prefix + queue_name`; `prefix` stands before every key.

        An entry is taken over `idle_timeout_ms` after its delivery, looked for every
        `take_over_every_seconds`, and buried after `max_deliveries`. A consumer without entries is
        removed `consumer_idle_ms` after its last sign of life.
        """
        super().__init__(
            url,
            queue_name=prefix + queue_name,
            xread_block=block_ms,
            idle_timeout=idle_timeout_ms,
            **connection_settings(url, socket_timeout_seconds=block_ms / 1000 + 5),
        )
        self.prefix = prefix
        self.kick_timeout_seconds = kick_timeout_seconds
        self.take_over_every_seconds = take_over_every_seconds
        self.max_deliveries = max_deliveries
        self.dead_letters_kept = dead_letters_kept
        self.consumer_idle_ms = consumer_idle_ms
        self._redis = Redis(connection_pool=self.connection_pool)
        self._group = ConsumerGroup(
            self._redis,
            stream=self.queue_name,
            group=self.consumer_group_name,
            consumer=self.consumer_name,
        )
        self._take_over_at = self._remove_consumers_at = time.monotonic()

    async def startup(self) -> None:
        """Asks nothing of Redis, which may be away: `listen` makes the consumer group."""
        await AsyncBroker.startup(self)

    async def kick(self, message: BrokerMessage) -> None:
        """Add a wake-up to the queue named by the label `queue_name`, by default this broker's.

        Gives up after `kick_timeout_seconds`; `task.kiq()` then raises SendTaskError, and the
        message may or may not have been added.
        """
        queue = message.labels.get("queue_name")
        stream = f"{self.prefix}{queue}" if queue else self.queue_name
        async with asyncio.timeout(self.kick_timeout_seconds):
            await self._redis.xadd(stream, {b"data": message.message})

    async def listen(self) -> AsyncGenerator[AckableMessage, None]:
        """Entries for as long as it is asked; when Redis is away, it waits until Redis is back."""
        pause = 0.0
        while True:
            _raise_if_cancelled()
            try:
                entry = await self._next_entry()
            except (RedisError, OSError) as error:
                level = logging.DEBUG if pause else logging.WARNING
                logger.log(level, "%s: cannot read the queue: %r", self.queue_name, error)
                pause = min(max(2 * pause, FIRST_PAUSE_SECONDS), LONGEST_PAUSE_SECONDS)
                await asyncio.sleep(pause)
                continue
            if pause:
                logger.warning("%s: reading the queue again", self.queue_name)
                pause = 0.0
            if entry is not None:
                acknowledge = partial(self._acknowledge, entry.id)
                yield AckableMessage(data=entry.fields[b"data"], ack=acknowledge)

    async def _next_entry(self) -> Entry | None:
        try:
            entry = await self._abandoned() or await self._group.read(block_ms=self.block)
            if entry is None or (fault := self._fault(entry)) is None:
                return entry
            await self._group.bury(entry, why=fault, keep=self.dead_letters_kept)
        except ResponseError as error:
            if "NOGROUP" not in str(error):
                raise
            # A new queue, or Redis has lost its data.
            await self._group.make()
            logger.info("%s: made the consumer group", self.queue_name)
        return None

    async def _abandoned(self) -> Entry | None:
        now = time.monotonic()
        if now < self._take_over_at:
            return None
        entry = await self._group.take_over(idle_ms=self.idle_timeout)
        if entry is None:
            self._take_over_at = now + self.take_over_every_seconds
        if now >= self._remove_consumers_at:
            await self._group.remove_idle_consumers(idle_ms=self.consumer_idle_ms)
            self._remove_consumers_at = now + self.consumer_idle_ms / 1000
        return entry

    def _fault(self, entry: Entry) -> str | None:
        if entry.deliveries > self.max_deliveries:
            return f"delivered {entry.deliveries - 1} times and never acknowledged"
        try:
            self.formatter.loads(entry.fields[b"data"])
        except (KeyError, ValueError, RecursionError):
            return "not a message"
        return None

    async def _acknowledge(self, entry_id: bytes) -> None:
        try:
            async with asyncio.timeout(self.kick_timeout_seconds):
                await self._group.acknowledge(entry_id)
        except (RedisError, OSError) as error:
            # The job runs all the same; the entry will come again and find it done.
            logger.debug("%s: not acknowledged: %r", self.queue_name, error)


def _raise_if_cancelled() -> None:
    """Raise the CancelledError that redis-py may have swallowed.

    Before Python 3.12 `asyncio.wait_for` does so at times (python/cpython#86296), and a receiver
    that wants to leave would wait for the next entry for ever.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
