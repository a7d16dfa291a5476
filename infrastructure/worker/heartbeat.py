"""The sign of life of one worker process: a session lock and a counter, once a second."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from uuid import UUID

from infrastructure.event_log.connection import Connection, is_lost, is_passing

BEAT_SECONDS = 1.0
PATIENCE_SECONDS = 5.0  # with a server that may be frozen
_LOCK = "SELECT pg_advisory_lock(hashtextextended('worker:' || $1, 0))"
_BEAT = """
WITH beaten AS (
    INSERT INTO threadlog.workers AS w (worker_id, beat) VALUES ($1, 1)
    ON CONFLICT (worker_id) DO UPDATE SET beat = w.beat + 1
)
SELECT stream_id FROM threadlog.open_runs WHERE worker_id = $1 AND cancel_requested
"""

logger = logging.getLogger(__name__)


class Heartbeat:
    """Beats until it is cancelled; the answer to each beat brings the requests to cancel.

    It needs a connection of its own that no pooler shares, for the lock belongs to the session:
    the server frees it within milliseconds of the process's death.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[Connection]],
        *,
        worker_id: UUID,
        on_cancel: Callable[[UUID], None],
    ) -> None:
        self._connect = connect
        self._worker_id = worker_id
        self._on_cancel = on_cancel
        self.beating = asyncio.Event()  # set once the lock is held for the first time

    async def run(self) -> None:
        """Beat for ever, through every outage of the database.

        A connection that is closed over our head is made again at once, before any sweeper's second
        look: the pause comes only where that fails.
        """
        failures = 0
        while True:
            try:
                async for _ in self._beats_on_one_connection():
                    failures = 0
                    self.beating.set()
            except Exception as error:
                if not (is_lost(error) or is_passing(error)):
                    raise
                failures += 1
                if failures == 2:
                    logger.warning("heartbeat: the database is away: %r", error)
                if failures > 1:
                    await asyncio.sleep(BEAT_SECONDS / 2)

    async def _beats_on_one_connection(self) -> AsyncGenerator[None]:
        connection = await self._connect()
        gone = asyncio.Event()

        def closed(*_: object) -> None:
            gone.set()

        connection.add_termination_listener(closed)
        try:
            await asyncio.wait_for(
                connection.execute(_LOCK, str(self._worker_id)), PATIENCE_SECONDS
            )
            while True:
                rows = await asyncio.wait_for(
                    connection.fetch(_BEAT, self._worker_id), PATIENCE_SECONDS
                )
                for row in rows:
                    self._on_cancel(row[0])
                yield
                await _pause(gone)
        finally:
            connection.terminate()


async def _pause(gone: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(BEAT_SECONDS):
            await gone.wait()
    except TimeoutError:
        return
    raise ConnectionError("the connection was closed")
