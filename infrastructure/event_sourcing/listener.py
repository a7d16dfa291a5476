"""One connection that hears of commits and wakes all subscriptions of a process."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from infrastructure.event_log.connection import Connection, hang_up, is_lost, is_passing

CHANNEL = "chat_events"
PAUSE_SECONDS = 0.2
LOOK_SECONDS = 5.0  # how often an idle connection is asked whether it is alive


class Sleeper(Protocol):
    """A subscription that has read all there was."""

    def wake(self) -> None:
        """Read on; there may be more."""
        ...

    def fail(self, error: Exception) -> None:
        """Nothing will ever be heard."""
        ...

    def stop(self) -> None:
        """There is nothing more to wait for."""
        ...


class Listener:
    """Listens while anybody wants to be woken. After an outage it wakes everybody once.

    All methods are called on the event loop.
    """

    def __init__(self, open_connection: Callable[[], Awaitable[Connection]]) -> None:
        self._open_connection = open_connection
        self._sleepers: set[Sleeper] = set()
        self._task: asyncio.Task[None] | None = None

    def add(self, sleeper: Sleeper) -> None:
        """Wake it now, or as soon as the connection stands, and after each commit."""
        self._sleepers.add(sleeper)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="event-log-listener")
            self._task.add_done_callback(self._ended)
        sleeper.wake()

    def remove(self, sleeper: Sleeper) -> None:
        """Wake it no more; the last one takes the connection with it. Safe to repeat."""
        self._sleepers.discard(sleeper)
        if not self._sleepers and self._task is not None:
            self._task.cancel()
            self._task = None

    async def close(self) -> None:
        """End everybody's waiting and hang up."""
        sleepers, self._sleepers = self._sleepers, set()
        for sleeper in sleepers:
            sleeper.stop()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    def _wake(self, *_: object) -> None:
        for sleeper in tuple(self._sleepers):
            sleeper.wake()

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Exception):
            for sleeper in tuple(self._sleepers):
                sleeper.fail(error)

    async def _run(self) -> None:
        while True:
            try:
                await self._listen()
            except Exception as error:
                if not is_lost(error) and not is_passing(error):
                    raise
            await asyncio.sleep(PAUSE_SECONDS)

    async def _listen(self) -> None:
        connection = await self._open_connection()
        try:
            gone = asyncio.Event()
            connection.add_termination_listener(lambda *_: gone.set())
            await connection.add_listener(CHANNEL, self._wake)
            self._wake()  # for what was committed before
            while not connection.is_closed():
                try:
                    await asyncio.wait_for(gone.wait(), LOOK_SECONDS)
                except TimeoutError:
                    async with asyncio.timeout(LOOK_SECONDS):
                        await connection.execute("SELECT 1")
        finally:
            await hang_up(connection)
