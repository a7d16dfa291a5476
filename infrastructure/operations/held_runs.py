"""Which worker holds which run, as the queue of record says."""

from typing import NamedTuple
from uuid import UUID

from infrastructure.event_log.database import Database
from infrastructure.event_log.statements import statement
from infrastructure.operations.log_growth import PACKAGE
from infrastructure.worker.open_runs import Kind

MOST = 1000  # that are told


class HeldRun(NamedTuple):
    """A run that a worker has begun and not ended."""

    worker_id: UUID
    kind: Kind
    id: UUID
    thread_id: UUID
    cancel_requested: bool


async def held_runs(database: Database) -> list[HeldRun]:
    """The oldest first. Raises LogUnavailable."""
    rows = await database.run(statement("held_runs", package=PACKAGE), MOST)
    return [HeldRun(*row) for row in rows]
