"""What the relay publishes, heard beside its readers."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis

from application.keys import ADMINISTRATOR
from infrastructure.relay.events import ThreadStreamEvent, channel_of, unpack
from tests.servers import redis_client
from tests.system.stack import eventually


@dataclass
class Listener:
    """Hears the events of everybody, and asks PostgreSQL nothing."""

    redis: Redis
    heard: list[list[ThreadStreamEvent]] = field(default_factory=list[list[ThreadStreamEvent]])

    async def listen(self) -> None:
        """Until cancelled."""
        async with self.redis.pubsub() as channels:  # pyright: ignore[reportUnknownMemberType]
            await channels.psubscribe("events:user:*")  # pyright: ignore[reportUnknownMemberType]
            while True:
                message: dict[str, Any] | None = await channels.get_message(timeout=None)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
                if message is not None and message["type"] == "pmessage":
                    self.heard.append(unpack(message["data"]))

    def frames(self, *, since: int = 0) -> list[ThreadStreamEvent]:
        """All that came, after so many messages."""
        return [frame for message in self.heard[since:] for frame in message]

    async def until(self, name: str, *, since: int) -> None:
        """Wait until an event of this name has come, after so many messages."""
        await eventually(
            lambda: any(frame.name == name for frame in self.frames(since=since)), seconds=60
        )

    async def subscribers(self) -> int:
        """How many connections the administrator's events go to, without this one."""
        channel = channel_of(ADMINISTRATOR, prefix="")
        [(_, count)] = await self.redis.pubsub_numsub(channel)  # pyright: ignore[reportUnknownMemberType]
        return count


@asynccontextmanager
async def listening(url: str) -> AsyncGenerator[Listener]:
    """A listener that hears what is published from now on."""
    async with redis_client(url) as redis:
        listener = Listener(redis)
        work = asyncio.create_task(listener.listen())
        try:
            await eventually(lambda: _is_heard(redis))
            yield listener
        finally:
            work.cancel()
            await asyncio.wait({work})


async def _is_heard(redis: Redis) -> bool:
    return await redis.pubsub_numpat() > 0  # pyright: ignore[reportUnknownMemberType]
