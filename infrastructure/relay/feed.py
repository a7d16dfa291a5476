"""One thread in one process: its latest events, who reads them, and one repair for all of them."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from infrastructure.relay.events import ThreadStreamEvent
from infrastructure.relay.pages import PAGE_EVENTS, Pages
from infrastructure.relay.window import Window

logger = logging.getLogger(__name__)

LATE_SECONDS = 0.05  # two processes publish in any order: so long a predecessor may be merely late


class Reader(Protocol):
    """Somebody who takes the events of a feed at its own pace."""

    @property
    def position(self) -> int:
        """It has everything up to here."""
        ...

    def wake(self) -> None:
        """There is something to take."""
        ...


class Feed:
    """What is lost on the way is read from the log once, however many readers there are."""

    def __init__(self, thread_id: UUID, *, channel: str, pages: Pages) -> None:
        self.thread_id = thread_id
        self.channel = channel
        self.readers: set[Reader] = set()
        self._window = Window(thread_id)
        self._pages = pages
        self._repair: asyncio.Task[None] | None = None

    @property
    def is_open(self) -> bool:
        """Is it known where the live events begin?"""
        return self._window.is_open

    def after(self, position: int) -> list[ThreadStreamEvent] | None:
        """All events after a position that have arrived; None when only the log has them."""
        return self._window.after(position)

    def add(self, events: Sequence[ThreadStreamEvent]) -> None:
        """Events of this thread have arrived, by Pub/Sub or from the log."""
        self._window.forget(min((reader.position for reader in self.readers), default=0))
        if self._window.add(events):
            self._wake_readers()
        self._repair_if_behind()

    def see_tail(self, position: int) -> None:
        """This is the thread's last position, looked up since the channel was subscribed."""
        if self._window.is_open:
            self._window.hear(position)
        else:
            self._window.open(position)
            self._wake_readers()
        self._repair_if_behind()

    def close(self) -> None:
        """Nobody reads it any more."""
        if self._repair is not None:
            self._repair.cancel()

    def _wake_readers(self) -> None:
        for reader in self.readers:
            reader.wake()

    def _repair_if_behind(self) -> None:
        if self._window.is_behind and self._repair is None:
            self._repair = asyncio.create_task(self._catch_up())
            self._repair.add_done_callback(self._repaired)

    async def _catch_up(self) -> None:
        while self._window.is_behind:
            heard = self._window.heard
            await asyncio.sleep(LATE_SECONDS)
            if self._window.last < heard:
                await self._read_log()

    async def _read_log(self) -> None:
        while True:
            heard = self._window.heard
            events = await self._pages.read(self.thread_id, after=self._window.last)
            self.add(events)
            if len(events) < PAGE_EVENTS:
                self._window.give_up(heard)
                return

    def _repaired(self, repair: asyncio.Task[None]) -> None:
        self._repair = None
        if not repair.cancelled() and (error := repair.exception()) is not None:
            logger.error("thread %s cannot be read", self.thread_id, exc_info=error)
