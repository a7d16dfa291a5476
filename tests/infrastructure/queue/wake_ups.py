"""What the tests of the queue share: a broker with short times, a worker around it, a deadline."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Self, cast
from uuid import uuid4

from redis.asyncio import Redis

from infrastructure.queue.broker import ResilientStreamBroker
from infrastructure.queue.drain import serve
from infrastructure.redis_client import connect_redis

DEADLINE_SECONDS = 30.0


class WakeUps:
    """A broker on keys of its own, a second connection to its Redis, and what its jobs did."""

    def __init__(
        self,
        url: str,
        *,
        idle_timeout_ms: int = 300,
        max_deliveries: int = 5,
        dead_letters_kept: int = 100,
        consumer_idle_ms: int = 60_000,
    ) -> None:
        self.prefix = f"test-{uuid4().hex}:"
        self.stream = f"{self.prefix}work"
        self.broker = ResilientStreamBroker(
            url,
            queue_name="work",
            prefix=self.prefix,
            block_ms=100,
            take_over_every_seconds=0.1,
            idle_timeout_ms=idle_timeout_ms,
            max_deliveries=max_deliveries,
            dead_letters_kept=dead_letters_kept,
            consumer_idle_ms=consumer_idle_ms,
        )
        self.group = self.broker.consumer_group_name
        self.redis = connect_redis(url)
        self.ran: asyncio.Queue[str] = asyncio.Queue()
        self.holding = 0
        self.release = asyncio.Event()

        @self.broker.task("note")
        async def note(name: str) -> None:
            self.ran.put_nowait(name)

        @self.broker.task("hold")
        async def hold(name: str) -> None:
            self.holding += 1
            await self.release.wait()
            self.ran.put_nowait(name)

        self.note = note
        self.hold = hold

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.broker.shutdown()
        await self.redis.aclose()

    async def next_run(self) -> str:
        return await asyncio.wait_for(self.ran.get(), DEADLINE_SECONDS)

    async def abandon(self, name: str, *, deliveries: int = 1) -> None:
        """An entry that was handed out `deliveries` times, to workers that died over it."""
        if not await command(self.redis, "EXISTS", self.stream):
            await command(self.redis, "XGROUP CREATE", self.stream, self.group, "0", "MKSTREAM")
        await self.note.kiq(name)
        await command(
            self.redis,
            *("XREADGROUP", "GROUP", self.group, "dead", "COUNT", 1, "STREAMS", self.stream, ">"),
        )
        ((entry_id, _),) = await command(self.redis, "XREVRANGE", self.stream, "+", "-", "COUNT", 1)
        claim = ("XCLAIM", self.stream, self.group, "dead", 0, entry_id)
        await command(self.redis, *claim, "RETRYCOUNT", deliveries)

    async def dead_letters(self) -> list[dict[bytes, bytes]]:
        letters = await command(self.redis, "XRANGE", f"{self.stream}:dead", "-", "+")
        return [fields for _, fields in letters]

    async def is_empty(self) -> bool:
        """Whether every entry was acknowledged and removed."""
        groups = await command(self.redis, "XINFO GROUPS", self.stream)
        length = await command(self.redis, "XLEN", self.stream)
        return [group["pending"] for group in groups] == [0] and length == 0


async def command(redis: Redis, *words: str | bytes | float) -> Any:
    """What Redis answers, as in its command line."""
    return await cast("Awaitable[Any]", redis.execute_command(*words))  # pyright: ignore[reportUnknownMemberType]


@asynccontextmanager
async def working(
    broker: ResilientStreamBroker, *, slots: int = 5, wait_tasks_timeout: float | None = None
) -> AsyncGenerator[asyncio.Event]:
    """A worker; yields the event that makes it leave, sets it at the end and awaits the drain."""
    finish = asyncio.Event()
    await broker.startup()
    serving = asyncio.create_task(
        serve(broker, max_async_tasks=slots, finish=finish, wait_tasks_timeout=wait_tasks_timeout)
    )
    try:
        yield finish
    finally:
        finish.set()
        await asyncio.wait({serving}, timeout=DEADLINE_SECONDS)
        assert serving.done(), "the worker does not leave"
        serving.result()


async def eventually(condition: Callable[[], bool | Awaitable[bool]]) -> None:
    """Wait until `condition` holds; TimeoutError after the deadline."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while True:
            holds = condition()
            if holds if isinstance(holds, bool) else await holds:
                return
            await asyncio.sleep(0.01)
