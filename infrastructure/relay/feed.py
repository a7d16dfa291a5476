"""One subject in one process: its latest events, who reads them, and one repair for all of them."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

from domain.catalogue import CHUNK
from infrastructure.relay.events import ThreadStreamEvent
from infrastructure.relay.pages import PAGE_EVENTS, Pages
from infrastructure.relay.subject import OwnerEvents, Subject, ThreadEvents
from infrastructure.relay.window import Window

logger = logging.getLogger(__name__)

LATE_SECONDS = 0.05  # two processes publish in any order: so long a predecessor may be merely late
PACE_SECONDS = 0.02  # a user's threads are read from the log, all that came in that time at once


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
    """What is lost on the way is read from the log once, however many readers there are.

    Of a thread, what arrives is passed on: `previous` tells what is lost. Of all threads of a user
    nothing chains the events, so what arrives only says how far the log has come.
    """

    def __init__(self, subject: Subject, *, channel: str, pages: Pages) -> None:
        self.subject = subject
        self.channel = channel
        self.readers: set[Reader] = set()
        self._window = Window()
        self._pages = pages
        self._repair: asyncio.Task[None] | None = None

    @property
    def is_open(self) -> bool:
        """Is it known where the live events begin?"""
        return self._window.is_open

    def after(self, position: int) -> list[ThreadStreamEvent] | None:
        """All events after a position that have arrived; None when only the log has them."""
        return self._window.after(position)

    def receive(self, events: Sequence[ThreadStreamEvent]) -> None:
        """Events have come by Pub/Sub: of this thread, or of this user."""
        match self.subject:
            case ThreadEvents():
                self._add(events)
            case OwnerEvents(follow=follow):
                for event in events:
                    if event.name != CHUNK or event.thread_id in follow:
                        self._window.hear(event.position)
                self._repair_if_behind()

    def _add(self, events: Sequence[ThreadStreamEvent]) -> None:
        self._window.forget(min((reader.position for reader in self.readers), default=0))
        if self._window.add(events):
            self._wake_readers()
        self._repair_if_behind()

    def see_tail(self, position: int) -> None:
        """This is the last position, looked up since the channel was subscribed."""
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
            await asyncio.sleep(
                LATE_SECONDS if isinstance(self.subject, ThreadEvents) else PACE_SECONDS
            )
            if self._window.last < heard:
                await self._read_log()

    async def _read_log(self) -> None:
        while True:
            heard = self._window.heard
            events = await self._pages.read(self.subject, after=self._window.last)
            self._add(events)
            if len(events) < PAGE_EVENTS:
                self._window.give_up(heard)
                return

    def _repaired(self, repair: asyncio.Task[None]) -> None:
        self._repair = None
        if not repair.cancelled() and (error := repair.exception()) is not None:
            logger.error("%s cannot be read", self.subject, exc_info=error)
