"""What has no terminal event yet: the queue of record, kept by the append function itself."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from application.ports import LogUnavailable
from infrastructure.event_log.connection import RUNTIME, Row, is_lost, make_pool

PATIENCE_SECONDS = 3.0
CONNECTIONS = 3
# The lock of a living worker process: hashtextextended('worker:<id>', 0) on its own connection.
_LOOK = """
SELECT w.worker_id,
       (SELECT k.beat FROM threadlog.workers k WHERE k.worker_id = w.worker_id),
       EXISTS (SELECT FROM pg_locks l
                WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
                  AND l.database = (SELECT d.oid FROM pg_database d
                                     WHERE d.datname = current_database())
                  AND (l.classid::bigint << 32 | l.objid::bigint)
                      = hashtextextended('worker:' || w.worker_id, 0))
  FROM (SELECT worker_id FROM threadlog.workers
         UNION SELECT worker_id FROM threadlog.open_runs WHERE worker_id IS NOT NULL) w
"""


@dataclass(frozen=True)
class WorkerSeen:
    """What one look at the database tells of a worker process."""

    worker_id: UUID
    beat: int | None  # None: it never registered, or has been forgotten
    locked: bool  # its connection to the database stands


class OpenRuns:
    """Queries on `open_runs` and `workers`, on a small pool of their own.

    All raise LogUnavailable when the database does not answer in time.
    """

    def __init__(self, url: str) -> None:
        self._pool = make_pool(
            url, role=RUNTIME, size=CONNECTIONS, timeout_seconds=PATIENCE_SECONDS
        )

    async def close(self) -> None:
        """Hang up, without waiting for a server that may be frozen."""
        self._pool.terminate()

    async def unclaimed(self, kind: Literal["completion", "tool"], *, limit: int) -> list[UUID]:
        """The oldest runs of a kind that wait for a worker."""
        rows = await self._fetch(
            "SELECT stream_id FROM threadlog.open_runs"
            " WHERE kind = $1 AND worker_id IS NULL AND NOT waiting ORDER BY position LIMIT $2",
            kind,
            limit,
        )
        return [row[0] for row in rows]

    async def is_unclaimed(self, stream_id: UUID) -> bool:
        """Is it open, and waits for a worker?"""
        rows = await self._fetch(
            "SELECT FROM threadlog.open_runs"
            " WHERE stream_id = $1 AND worker_id IS NULL AND NOT waiting",
            stream_id,
        )
        return len(rows) == 1

    async def held_by(self, workers: Sequence[UUID]) -> list[UUID]:
        """The runs that these workers hold, oldest first."""
        rows = await self._fetch(
            "SELECT stream_id FROM threadlog.open_runs"
            " WHERE worker_id = ANY ($1) ORDER BY position",
            workers,
        )
        return [row[0] for row in rows]

    async def cancelled(self) -> set[UUID]:
        """Runs that somebody asked to cancel and that have not ended."""
        rows = await self._fetch("SELECT stream_id FROM threadlog.open_runs WHERE cancel_requested")
        return {row[0] for row in rows}

    async def look(self) -> list[WorkerSeen]:
        """Every worker that is registered or holds a run."""
        return [WorkerSeen(*row) for row in await self._fetch(_LOOK)]

    async def release(self, worker_id: UUID) -> None:
        """A worker that leaves gives up its claims; any other may begin the next attempt."""
        await self._fetch(
            "UPDATE threadlog.open_runs SET worker_id = NULL WHERE worker_id = $1", worker_id
        )

    async def forget(self, workers: Sequence[UUID]) -> None:
        """Strike dead workers that hold nothing any more off the list."""
        await self._fetch(
            "DELETE FROM threadlog.workers w WHERE w.worker_id = ANY ($1) AND NOT EXISTS"
            " (SELECT FROM threadlog.open_runs r WHERE r.worker_id = w.worker_id)",
            workers,
        )

    async def _fetch(self, query: str, *arguments: object) -> list[Row]:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                connection = await self._pool.acquire()
                try:
                    return await connection.fetch(query, *arguments)
                except BaseException:
                    connection.terminate()
                    raise
                finally:
                    await self._pool.release(connection)
        except Exception as error:
            if is_lost(error):
                raise LogUnavailable(f"the database does not answer: {error!r}") from error
            raise
