"""Runs the statements of this folder on a small pool, bounded in time."""

import asyncio
from collections.abc import Sequence

from application.ports import LogUnavailable
from infrastructure.event_log.connection import Pool, Row, is_lost, is_passing, make_pool
from infrastructure.event_log.statements import statement

PAUSE_SECONDS = 0.05


class Database:
    """For statements that are safe to repeat: one that is lost is tried again while its time lasts.

    Connects when it is first used. Raises LogUnavailable when the server has not answered within
    `timeout_seconds`: refused, gone, frozen or out of connections.
    """

    def __init__(self, url: str, *, role: str, connections: int, timeout_seconds: float) -> None:
        self._url = url
        self._role = role
        self._connections = connections
        self._timeout_seconds = timeout_seconds
        self._pool: Pool | None = None

    async def close(self) -> None:
        """Give up the connections; bounded by the time of one statement."""
        pool, self._pool = self._pool, None
        if pool is not None:
            try:
                await asyncio.wait_for(pool.close(), self._timeout_seconds)
            except TimeoutError:
                pool.terminate()

    async def fetch(self, name: str, *arguments: object) -> list[Row]:
        """The rows of `sql/NAME.sql`."""
        return await self.run(statement(name), *arguments)

    async def run(self, sql: str, *arguments: object) -> list[Row]:
        """The rows of a statement."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._timeout_seconds
        while True:
            try:
                return await self._try(sql, arguments, deadline=deadline)
            except Exception as error:
                if not is_lost(error) and not is_passing(error):
                    raise
                if loop.time() + PAUSE_SECONDS >= deadline:
                    raise LogUnavailable(f"the event log does not answer: {error!r}") from error
                await asyncio.sleep(PAUSE_SECONDS)

    async def _try(self, sql: str, arguments: Sequence[object], *, deadline: float) -> list[Row]:
        pool = await self._open_pool()
        async with asyncio.timeout_at(deadline):
            connection = await pool.acquire()
            try:
                return await connection.fetch(sql, *arguments)
            except BaseException:
                connection.terminate()  # giving it back would wait for a server that may be frozen
                raise
            finally:
                await pool.release(connection)

    async def _open_pool(self) -> Pool:
        if self._pool is None:
            self._pool = await make_pool(
                self._url,
                role=self._role,
                size=self._connections,
                timeout_seconds=self._timeout_seconds,
            )
        return self._pool
