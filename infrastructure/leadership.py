"""Leadership: of the processes that could do a work one does it, and is woken by each append."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from infrastructure.event_log.connection import Connection, connect

STANDBY_SECONDS = 0.5  # between two tries to lead
SHORTEST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 1.0  # between two tries to reach the database


class LeadershipLost(ConnectionError):
    """The connection that holds the lock is gone: somebody else may lead."""


class Leadership:
    """Held as long as its connection; everybody who waits is woken by each append."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._waiting: list[asyncio.Event] = []
        self._lost = asyncio.Event()

    def wake(self) -> asyncio.Event:
        """Set after each append, and when the lock is lost; clear it before you look."""
        event = asyncio.Event()
        self._waiting.append(event)
        return event

    async def end(self) -> None:
        """Wait for the end of it. Raises LeadershipLost."""
        await self._lost.wait()
        raise LeadershipLost

    async def begin(self, lock: str) -> None:
        """Wait for the lock that this statement tries to take.

        Asked for again and again: waiting inside PostgreSQL would hold back its vacuum.
        """
        self.connection.add_termination_listener(self._end)
        while True:
            if await self.connection.fetchval(lock):
                break
            await asyncio.sleep(STANDBY_SECONDS)
        await self.connection.add_listener("chat_events", self._wake)

    def _wake(self, *_: object) -> None:
        for event in self._waiting:
            event.set()

    def _end(self, *_: object) -> None:
        self._lost.set()
        self._wake()


@asynccontextmanager
async def leadership(lock: str, *, url: str, role: str) -> AsyncGenerator[Leadership]:
    """Wait until this process leads; it does as long as the block lasts, or its connection.

    `lock` is a statement that tries to take an advisory lock, and answers whether it has.
    """
    connection = await connect(url, role=role)
    try:
        lead = Leadership(connection)
        await lead.begin(lock)
        yield lead
    finally:
        connection.terminate()


async def wait_for(wake: asyncio.Event, *, seconds: float) -> None:
    """Until it is set, but not longer."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await wake.wait()


class Outage:
    """Pauses between tries while the database is away: said once, growing until `over`."""

    def __init__(self, work: str, *, logger: logging.Logger) -> None:
        self._work = work
        self._logger = logger
        self._pause = 0.0

    async def wait(self, error: Exception) -> None:
        """After a try that ended with this."""
        if not self._pause:
            self._logger.warning("%s: starting again: %r", self._work, error)
        self._pause = min(self._pause * 2 or SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)
        await asyncio.sleep(self._pause)

    def over(self) -> None:
        """A try went well."""
        self._pause = 0.0
