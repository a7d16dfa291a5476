"""Readers of live streams that write down what they receive."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from infrastructure.relay.events import ThreadStreamEvent
from infrastructure.relay.hub import Hub
from infrastructure.relay.subject import Subject
from infrastructure.relay.subscription import (
    Arrived,
    CaughtUp,
    HubIsClosed,
    Item,
    Subscription,
    Tick,
)
from tests.infrastructure.relay.conversation import DEADLINE_SECONDS, Conversation


@asynccontextmanager
async def reading(
    hub: Hub, conversation: Conversation, *, after: int = 0, subject: Subject | None = None
) -> AsyncGenerator["Transcript"]:
    """A reader of the conversation, or of `subject`, that writes down everything."""
    async with hub.subscribe(
        subject or conversation.subject, owner_id=conversation.owner_id, after=after
    ) as subscription:
        transcript = Transcript(after)
        task = asyncio.create_task(transcript.follow(subscription))
        try:
            yield transcript
        finally:
            task.cancel()
            await asyncio.wait({task})


class Transcript:
    """What one reader has received."""

    def __init__(self, after: int = 0) -> None:
        self.after = after
        self.events: list[ThreadStreamEvent] = []
        self.caught_up_at: int | None = None
        self.ticks = 0
        self.error: Exception | None = None
        self._news = asyncio.Event()

    @property
    def last(self) -> int:
        return self.events[-1].position if self.events else self.after

    @property
    def public(self) -> list[int]:
        return [event.position for event in self.events if event.sse]

    @property
    def sse(self) -> bytes:
        return b"".join(event.sse for event in self.events)

    def ends_with(self, name: str) -> bool:
        return bool(self.events) and self.events[-1].name == name

    async def follow(self, subscription: Subscription) -> None:
        """Take everything as soon as it comes."""
        try:
            async for item in subscription:
                self.take(item)
                self._news.set()
        except HubIsClosed as error:
            self.error = error
            self._news.set()

    def take(self, item: Item) -> None:
        match item:
            case Arrived(events):
                self.events += events
            case CaughtUp(position):
                assert self.caught_up_at is None
                self.caught_up_at = position
            case Tick():
                self.ticks += 1

    def forget(self) -> None:
        """Let go of all events but the last."""
        del self.events[:-1]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not condition():
                self._news.clear()
                await self._news.wait()

    async def reach(self, position: int) -> None:
        """Wait until it has everything through this position."""
        await self.until(lambda: self.last >= position)

    async def has(self, count: int, *, or_ends_with: str) -> None:
        """Wait until it has so many events, or this one."""
        await self.until(lambda: len(self.events) >= count or self.ends_with(or_ends_with))

    async def catch_up(self) -> None:
        """Wait until it is live."""
        await self.until(lambda: self.caught_up_at is not None)
