"""A Redis stream read by one consumer group, one entry at a time."""

import logging
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias, cast

from redis.asyncio import Redis
from redis.exceptions import ResponseError
from redis.typing import EncodableT, FieldT

logger = logging.getLogger(__name__)

CONSUMERS_REMOVED_AT_ONCE = 100

# redis-py types an answer as the union of all shapes it may have under other settings than ours.
Answer: TypeAlias = list[tuple[bytes, dict[bytes, bytes]]]


@dataclass(frozen=True)
class Entry:
    """What one consumer was handed, for the `deliveries`-th time."""

    id: bytes
    fields: dict[bytes, bytes]
    deliveries: int


class ConsumerGroup:
    """One consumer's view of `stream`; every method raises RedisError when Redis is away.

    Reading raises ResponseError "NOGROUP …" while the stream or the group does not exist.
    Commands are those of Redis 7.0 and Valkey 8.
    """

    def __init__(self, redis: Redis, *, stream: str, group: str, consumer: str) -> None:
        self.redis = redis
        self.stream = stream
        self.group = group
        self.consumer = consumer
        self.dead_letters = f"{stream}:dead"

    async def make(self) -> None:
        """Make stream and group; the group begins at the stream's first entry. Safe to repeat."""
        try:
            await self.redis.xgroup_create(self.stream, self.group, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    async def read(self, *, block_ms: int) -> Entry | None:
        """The next entry nobody was handed yet; None after `block_ms` without one."""
        answer = await self.redis.xreadgroup(
            self.group, self.consumer, {self.stream: ">"}, count=1, block=block_ms
        )
        for entries in cast("dict[bytes, Answer]", answer).values():
            for entry_id, fields in entries:
                return Entry(entry_id, fields, deliveries=1)
        return None

    async def take_over(self, *, idle_ms: int) -> Entry | None:
        """The oldest entry that its consumer has not acknowledged for `idle_ms`, alive or dead."""
        pending = await self.redis.xpending_range(
            self.stream, self.group, "-", "+", 1, idle=idle_ms
        )
        for found in pending:
            claimed = await self.redis.xclaim(
                self.stream, self.group, self.consumer, idle_ms, [found["message_id"]]
            )
            for entry_id, fields in cast("Answer", claimed):
                return Entry(entry_id, fields, deliveries=int(found["times_delivered"]) + 1)
        return None

    async def acknowledge(self, entry_id: bytes) -> None:
        """Take an entry out of group and stream. Safe to repeat."""
        async with self.redis.pipeline(transaction=True) as pipe:
            pipe.xack(self.stream, self.group, entry_id)
            pipe.xdel(self.stream, entry_id)
            await pipe.execute()

    async def bury(self, entry: Entry, *, why: str, keep: int) -> None:
        """Move an entry to the dead letters, of which the latest `keep` remain."""
        letter: dict[FieldT, EncodableT] = {**entry.fields, b"why": why.encode(), b"id": entry.id}
        async with self.redis.pipeline(transaction=True) as pipe:
            pipe.xadd(self.dead_letters, letter, maxlen=keep, approximate=False)
            pipe.xack(self.stream, self.group, entry.id)
            pipe.xdel(self.stream, entry.id)
            await pipe.execute()
        logger.error("%s: entry %s is a dead letter: %s", self.stream, entry.id.decode(), why)

    async def remove_idle_consumers(self, *, idle_ms: int) -> None:
        """Forget consumers that hold nothing and were not heard of for `idle_ms`.

        Redis keeps them for ever otherwise, one for each start of a worker. One that is alive after
        all comes back with its next read.
        """
        consumers = await self.redis.xinfo_consumers(self.stream, self.group)
        gone = (c["name"] for c in consumers if c["pending"] == 0 and c["idle"] > idle_ms)
        for name in islice(gone, CONSUMERS_REMOVED_AT_ONCE):
            await self.redis.xgroup_delconsumer(self.stream, self.group, name)
