"""One Pub/Sub connection that listens on the wanted channels and heals by itself."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from infrastructure.tasks import end

logger = logging.getLogger(__name__)

PING_SECONDS = 5.0
SILENCE_SECONDS = 12.0  # two pings unanswered: the connection is half open
FIRST_PAUSE_SECONDS = 0.02
LONGEST_PAUSE_SECONDS = 1.0
MOST_FAILURES = 10
BURST_BYTES = 32 * 1024  # of what has come already, given to readers at once


class Channels:
    """Connects again for ever, by itself. All calls are made on the event loop and never wait.

    redis-py's own PubSub also connects again, but silently, and not safely while another task
    subscribes: so one task sends here, one receives, and both end with the connection.
    """

    def __init__(
        self,
        redis: Redis,
        *,
        on_message: Callable[[str, bytes], None],
        on_confirmed: Callable[[str], None],
        on_away: Callable[[], None],
    ) -> None:
        self._pool = redis.connection_pool
        self._on_message = on_message
        self._on_confirmed = on_confirmed
        self._on_away = on_away
        self._wanted: set[str] = set()
        self._confirmed: set[str] = set()
        self._changed = asyncio.Event()
        self._failures = 0  # since the last answer
        self.is_away = False

    def want(self, channel: str) -> None:
        """Listen on a channel. Each confirmation, on each connection, is told by `on_confirmed`."""
        self._wanted.add(channel)
        self._changed.set()

    def drop(self, channel: str) -> None:
        """Listen on it no more."""
        self._wanted.discard(channel)
        self._changed.set()

    def is_confirmed(self, channel: str) -> bool:
        """Does Redis send what is published there? If it is about to stop, it will confirm anew."""
        return channel in self._confirmed

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            try:
                await self._use_connection()
            except (RedisError, OSError) as error:
                self._failed(error)
            await asyncio.sleep(min(FIRST_PAUSE_SECONDS * 2**self._failures, LONGEST_PAUSE_SECONDS))

    async def _use_connection(self) -> None:
        """Work with one connection until it fails."""
        connection = await self._pool.get_connection()
        working = {
            asyncio.create_task(self._send(connection)),
            asyncio.create_task(self._receive(connection)),
        }
        try:
            done, _ = await asyncio.wait(working, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            self._confirmed.clear()
            await _undisturbed(self._leave(connection, working))

    async def _leave(self, connection: Any, working: set[asyncio.Task[None]]) -> None:
        await end(working)
        await connection.disconnect(nowait=True)  # it must not return to the pool subscribed
        await self._pool.release(connection)

    def _failed(self, error: BaseException) -> None:
        """A connection that was lost is made again at once; only then Redis counts as away."""
        self._failures = min(self._failures + 1, MOST_FAILURES)
        if self._failures > 1 and not self.is_away:
            logger.warning("Redis is away: live events are read from the log (%r)", error)
            self.is_away = True
            self._on_away()

    def _answered(self) -> None:
        self._failures = 0
        if self.is_away:
            logger.info("Redis is back: events arrive live again")
            self.is_away = False

    async def _send(self, connection: Any) -> None:
        """Tell Redis what has changed, and ping it when nothing has."""
        told: set[str] = set()
        await connection.send_command("PING", check_health=False)
        while True:
            self._changed.clear()
            wanted = set(self._wanted)
            if new := wanted - told:
                await connection.send_command("SUBSCRIBE", *new, check_health=False)
            if old := told - wanted:
                await connection.send_command("UNSUBSCRIBE", *old, check_health=False)
            told = wanted
            try:
                async with asyncio.timeout(PING_SECONDS):
                    await self._changed.wait()
            except TimeoutError:
                await connection.send_command("PING", check_health=False)

    async def _receive(self, connection: Any) -> None:
        untaken = 0
        while True:
            answer = await connection.read_response(
                timeout=SILENCE_SECONDS, disconnect_on_error=False, push_request=True
            )
            if answer is None:
                raise RedisTimeoutError("no answer to a ping")
            self._answered()
            match answer:
                case [b"message", bytes(channel), bytes(message)]:
                    self._on_message(channel.decode(), message)
                    untaken += len(message)
                    if untaken >= BURST_BYTES:
                        untaken = 0
                        await asyncio.sleep(0)  # readers take it before their windows are full
                case [b"subscribe", bytes(channel), _]:
                    self._confirmed.add(channel.decode())
                    self._on_confirmed(channel.decode())
                case [b"unsubscribe", bytes(channel), _]:
                    self._confirmed.discard(channel.decode())
                case _:
                    pass


async def _undisturbed(work: Coroutine[None, None, None]) -> None:
    """Do it to the end: who closes us cancels again after a moment."""
    task = asyncio.create_task(work)
    cancelled = False
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            cancelled = True
    task.result()
    if cancelled:
        raise asyncio.CancelledError
