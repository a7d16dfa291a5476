"""One reader of a subject: the log first, at its own pace, then what arrives."""

import asyncio
from dataclasses import dataclass
from typing import Self, TypeAlias

from infrastructure.relay.events import ThreadStreamEvent
from infrastructure.relay.feed import Feed
from infrastructure.relay.pages import PAGE_EVENTS, Pages
from infrastructure.relay.window import WINDOW_BYTES


class HubIsClosed(Exception):
    """The server is shutting down; resume from the last position, here or elsewhere."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """The next events, in order: at least one, public or not."""

    events: list[ThreadStreamEvent]


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """Everything that the log had when the reader came was handed over. Comes once."""

    position: int


@dataclass(frozen=True, slots=True)
class Tick:
    """Some time has passed: an occasion to look at the clock."""


Item: TypeAlias = Arrived | CaughtUp | Tick


class Subscription:
    """An endless iterator over events after `position`. Nothing is kept for a reader that waits:

    it takes from the feed's window, and who has fallen behind it reads the log again. Raises
    HubIsClosed when the process shuts down. Made by `Hub.subscribe`.
    """

    def __init__(self, feed: Feed, pages: Pages, *, after: int, tick_seconds: float) -> None:
        self.position = after
        self._feed = feed
        self._pages = pages
        self._loop = asyncio.get_running_loop()
        self._waiting: asyncio.Future[None] | None = None
        self._page: asyncio.Task[list[ThreadStreamEvent]] | None = None
        self._reads_log = True
        self._caught_up = False
        self._stopped = False
        self._ticked = False
        self._tick_seconds = tick_seconds
        self._timer = self._loop.call_later(tick_seconds, self._tick)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Item:
        while (item := self._next()) is None:
            self._waiting = self._loop.create_future()
            try:
                await self._waiting
            finally:
                self._waiting = None
        return item

    async def is_at_tail(self) -> bool:
        """Has it handed over everything that the log has now? Raises LogUnavailable."""
        subject = self._feed.subject
        return (await self._pages.tails([subject]))[subject] <= self.position

    def wake(self) -> None:
        """There is something to take."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def stop(self) -> None:
        """The process shuts down."""
        self._stopped = True
        self.wake()

    def close(self) -> None:
        """The reader has gone."""
        self._timer.cancel()
        if self._page is not None:
            self._page.cancel()

    def _next(self) -> Item | None:
        if self._stopped:
            raise HubIsClosed
        if self._ticked:
            self._ticked = False
            return Tick()
        if self._reads_log:
            return self._next_of_log()
        events = self._feed.after(self.position)
        if events is None and self._feed.is_open:
            self._reads_log = True
            return self._next_of_log()
        if events:
            return self._arrived(events)
        if events is not None and not self._caught_up:
            self._caught_up = True
            return CaughtUp(self.position)
        return None

    def _next_of_log(self) -> Item | None:
        """The page that was read; else None, and the next one is being read."""
        if self._page is None:
            reading = self._pages.read(self._feed.subject, after=self.position)
            self._page = asyncio.create_task(reading)
            self._page.add_done_callback(lambda _: self.wake())
        if not self._page.done():
            return None
        events = self._page.result()
        self._page = None
        fitting = _fitting(events)
        self._reads_log = len(events) == PAGE_EVENTS or len(fitting) < len(events)
        return self._arrived(fitting) if fitting else self._next()

    def _arrived(self, events: list[ThreadStreamEvent]) -> Arrived:
        self.position = events[-1].position
        return Arrived(events)

    def _tick(self) -> None:
        self._ticked = True
        self._timer = self._loop.call_later(self._tick_seconds, self._tick)
        self.wake()


def _fitting(events: list[ThreadStreamEvent]) -> list[ThreadStreamEvent]:
    """The first of them, at least one, that a slow reader may hold: about the window's bytes."""
    held = 0
    for count, event in enumerate(events):
        held += len(event.sse)
        if held > WINDOW_BYTES:
            return events[: max(count, 1)]
    return events
