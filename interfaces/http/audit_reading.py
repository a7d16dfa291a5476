"""Answers of an audit that last: written bit by bit, waited for, ended in good order."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, suppress
from typing import TypeAlias, TypeVar

from application.ports import LogUnavailable
from interfaces.http.lasting import LIMITS, Connection, Question, StreamLimits
from interfaces.http.lasting_answer import LastingAnswer, Permission

AGAIN_SECONDS = 0.5

T = TypeVar("T")


class ReadingIsOver(Exception):
    """The server leaves, or the connection has lived long enough: the client is to come again."""


class ReaderIsRefused(Exception):
    """The reader's key does not permit this any more."""


class Reading:
    """One such answer under way. `silence` says what is written when nothing else was.

    Raises ReadingIsOver, ReaderIsRefused and ClientIsStalled wherever it waits or writes.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        is_allowed: Question,
        leaving: asyncio.Event,
        silence: Callable[[], bytes],
        limits: StreamLimits,
    ) -> None:
        self.clock = asyncio.get_running_loop().time
        self._connection = connection
        self._leaving = leaving
        self._silence = silence
        self._limits = limits
        self._permission = Permission(
            is_allowed, every_seconds=limits.recheck_seconds, again_seconds=AGAIN_SECONDS
        )
        self._ends_at = limits.end_of_life(self.clock())

    async def write(self, body: bytes) -> None:
        """Returns once the network has taken it."""
        await self._look()
        await self._connection.write(body)

    async def wait_until(self, moment: float) -> None:
        """Until this moment on `clock`; says between whiles that the connection lives."""
        while True:
            await self._look()
            if self.clock() >= moment:
                return
            quiet_seconds = self._limits.comment_seconds - self._connection.silent_seconds
            if quiet_seconds <= 0:
                await self._connection.write(self._silence())
                continue
            next_look = min(self._permission.ask_at, self._ends_at, self.clock() + quiet_seconds)
            with suppress(TimeoutError):
                async with asyncio.timeout_at(min(moment, next_look)):
                    await self._leaving.wait()

    async def patiently(self, read: Callable[[], Awaitable[T]]) -> T:
        """What a read of the log gives, however long that is away."""
        while True:
            try:
                return await read()
            except LogUnavailable:
                await self.wait_until(self.clock() + AGAIN_SECONDS)

    async def _look(self) -> None:
        if self._leaving.is_set() or self.clock() >= self._ends_at:
            raise ReadingIsOver
        if not await self._permission.holds():
            raise ReaderIsRefused


Write: TypeAlias = Callable[[Reading], Awaitable[None]]


class LongAnswer(LastingAnswer):
    """Writes what `write` says. `last_words` follow when the reading was over before that."""

    def __init__(
        self,
        write: Write,
        *,
        place: AbstractContextManager[None],
        media_type: str,
        is_allowed: Question,
        leaving: asyncio.Event,
        silence: Callable[[], bytes],
        last_words: Callable[[], bytes] = bytes,
        limits: StreamLimits = LIMITS,
    ) -> None:
        super().__init__(place=place, limits=limits, media_type=media_type)
        self._write = write
        self._is_allowed = is_allowed
        self._leaving = leaving
        self._silence = silence
        self._last_words = last_words

    async def _fill(self, connection: Connection) -> bool:
        reading = Reading(
            connection,
            is_allowed=self._is_allowed,
            leaving=self._leaving,
            silence=self._silence,
            limits=self._limits,
        )
        try:
            await self._write(reading)
        except ReadingIsOver:
            await connection.write(self._last_words())
        except ReaderIsRefused:
            return False
        return True
