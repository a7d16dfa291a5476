"""What has no terminal event yet: the queue of record, kept by the append function itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias
from uuid import UUID

from infrastructure.event_log.database import Database

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
_AWAITED = """
SELECT r.stream_id, extract(epoch FROM clock_timestamp() - e.recorded_at)::float8
  FROM threadlog.open_runs r JOIN threadlog.chat_events e ON e.notification_id = r.position
 WHERE r.kind = 'tool' AND r.waiting
"""
_COUNTS = """
SELECT kind, count(*) FILTER (WHERE NOT waiting AND worker_id IS NULL),
       count(*) FILTER (WHERE NOT waiting AND worker_id IS NOT NULL),
       count(*) FILTER (WHERE waiting)
  FROM unnest(ARRAY['completion', 'tool']) AS kind LEFT JOIN threadlog.open_runs USING (kind)
 GROUP BY kind
"""
_SECONDS_SINCE = """
SELECT extract(epoch FROM clock_timestamp() - recorded_at)::float8
  FROM threadlog.chat_events WHERE notification_id = $1
"""

Kind: TypeAlias = Literal["completion", "tool"]


class OpenRun(NamedTuple):
    """One run without a terminal event."""

    kind: Kind
    id: UUID


class Count(NamedTuple):
    """How many runs of a kind are open, by what they do."""

    kind: Kind
    waiting: int  # for a worker
    running: int
    held: int  # for a person, or for a result from outside


class Awaited(NamedTuple):
    """A background tool whose result comes from outside."""

    id: UUID
    seconds: float  # since it was dispatched, on the database's clock


@dataclass(frozen=True)
class WorkerSeen:
    """What one look at the database tells of a worker process."""

    worker_id: UUID
    beat: int | None  # None: it never registered, or has been forgotten
    locked: bool  # its connection to the database stands


class OpenRuns:
    """Queries on `open_runs` and `workers`. All raise LogUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def unclaimed(self, kind: Kind, *, limit: int, but: Sequence[UUID] = ()) -> list[UUID]:
        """The oldest runs of a kind that wait for a worker, without some of them."""
        rows = await self._database.run(
            "SELECT stream_id FROM threadlog.open_runs"
            " WHERE kind = $1 AND worker_id IS NULL AND NOT waiting AND stream_id <> ALL ($3)"
            " ORDER BY position LIMIT $2",
            kind,
            limit,
            list(but),
        )
        return [row[0] for row in rows]

    async def is_unclaimed(self, stream_id: UUID) -> bool:
        """Is it open, and waits for a worker?"""
        rows = await self._database.run(
            "SELECT FROM threadlog.open_runs"
            " WHERE stream_id = $1 AND worker_id IS NULL AND NOT waiting",
            stream_id,
        )
        return len(rows) == 1

    async def held_by(self, workers: Sequence[UUID]) -> list[OpenRun]:
        """The runs that these workers hold, oldest first."""
        rows = await self._database.run(
            "SELECT kind, stream_id FROM threadlog.open_runs"
            " WHERE worker_id = ANY ($1) ORDER BY position",
            workers,
        )
        return [OpenRun(*row) for row in rows]

    async def cancelled(self) -> set[OpenRun]:
        """Runs that somebody asked to cancel and that have not ended."""
        rows = await self._database.run(
            "SELECT kind, stream_id FROM threadlog.open_runs WHERE cancel_requested"
        )
        return {OpenRun(*row) for row in rows}

    async def waiting(self, kind: Kind) -> list[UUID]:
        """The runs of a kind that wait for a person."""
        rows = await self._database.run(
            "SELECT stream_id FROM threadlog.open_runs WHERE kind = $1 AND waiting", kind
        )
        return [row[0] for row in rows]

    async def awaited(self) -> list[Awaited]:
        """Background tools whose result comes from outside, and how long they have waited."""
        return [Awaited(*row) for row in await self._database.run(_AWAITED)]

    async def seconds_since(self, position: int) -> float:
        """How long ago the event at a position was written, on the database's clock."""
        [row] = await self._database.run(_SECONDS_SINCE, position)
        return row[0]

    async def counts(self) -> list[Count]:
        """Of both kinds."""
        return [Count(*row) for row in await self._database.run(_COUNTS)]

    async def look(self) -> list[WorkerSeen]:
        """Every worker that is registered or holds a run."""
        return [WorkerSeen(*row) for row in await self._database.run(_LOOK)]

    async def release(self, worker_id: UUID, *, kind: Kind) -> None:
        """A worker that leaves gives up its claims; any other may begin the next attempt."""
        await self._database.run(
            "UPDATE threadlog.open_runs SET worker_id = NULL WHERE worker_id = $1 AND kind = $2",
            worker_id,
            kind,
        )

    async def give_up(self, stream_id: UUID, *, worker_id: UUID) -> None:
        """A worker that cannot go on with one run lets others try, if it still holds it."""
        await self._database.run(
            "UPDATE threadlog.open_runs SET worker_id = NULL"
            " WHERE stream_id = $1 AND worker_id = $2",
            stream_id,
            worker_id,
        )

    async def forget(self, workers: Sequence[UUID]) -> None:
        """Strike dead workers that hold nothing any more off the list."""
        await self._database.run(
            "DELETE FROM threadlog.workers w WHERE w.worker_id = ANY ($1) AND NOT EXISTS"
            " (SELECT FROM threadlog.open_runs r WHERE r.worker_id = w.worker_id)",
            workers,
        )
