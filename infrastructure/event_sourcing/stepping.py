"""Takes steps one after the other on one held connection, each exactly once."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from eventsourcing.persistence import IntegrityError

from application.ports import OutcomeUnknown, StreamConflict
from infrastructure.event_log.connection import Connection, Row, hang_up, is_lost, is_passing
from infrastructure.event_log.entry import LogEntry
from infrastructure.event_sourcing.step import Step

PAUSE_SECONDS = 0.05
T = TypeVar("T")


class Stepping:
    """Connects when it is first used. An answer that is lost is looked for in the database."""

    def __init__(
        self, open_connection: Callable[[], Awaitable[Connection]], *, timeout_seconds: float
    ) -> None:
        self._open_connection = open_connection
        self._timeout_seconds = timeout_seconds
        self._turn = asyncio.Lock()
        self._connection: Connection | None = None

    async def close(self) -> None:
        """Hang up; bounded."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await hang_up(connection)

    async def take(self, step: Step) -> list[LogEntry]:
        """Record the step; tries again while its time lasts, then raises OutcomeUnknown.

        Raises IntegrityError, StreamConflict, or what the database says of the step.
        """
        try:
            async with asyncio.timeout(self._timeout_seconds), self._turn:
                return await self._take(step)
        except TimeoutError as error:
            raise OutcomeUnknown(f"no answer within {self._timeout_seconds} s") from error

    async def execute(self, sql: str, *arguments: object) -> list[Row]:
        """Send a statement that is not safe to repeat, once."""
        async with asyncio.timeout(self._timeout_seconds), self._turn:
            connection = await self._connect()
            return await _on(connection, connection.fetch(sql, *arguments))

    async def create(self, script: str) -> None:
        """Send several statements without arguments, as one transaction."""
        async with asyncio.timeout(self._timeout_seconds), self._turn:
            connection = await self._connect()
            await _on(connection, connection.execute(script))

    async def _connect(self) -> Connection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._open_connection()
        return self._connection

    async def _take(self, step: Step) -> list[LogEntry]:
        uncertain = False
        while True:
            sent = False
            try:
                connection = await self._connect()
                sent = True
                return await _on(connection, _record(connection, step, uncertain=uncertain))
            except Exception as error:
                if not is_lost(error) and not is_passing(error):
                    raise
                uncertain = uncertain or (sent and is_lost(error))
                await asyncio.sleep(PAUSE_SECONDS)


async def _record(connection: Connection, step: Step, *, uncertain: bool) -> list[LogEntry]:
    if not uncertain:
        return await step.record(connection)
    written = await step.recorded(connection)
    if written is not None:
        return written
    try:
        return await step.record(connection)
    except (IntegrityError, StreamConflict):
        written = await step.recorded(connection)  # the lost call was committed since we looked
        if written is None:
            raise
        return written


async def _on(connection: Connection, work: Awaitable[T]) -> T:
    """Do the work; afterwards the connection is in order or gone."""
    try:
        return await work
    except (IntegrityError, StreamConflict):
        raise  # refused and rolled back
    except BaseException:
        connection.terminate()
        raise
