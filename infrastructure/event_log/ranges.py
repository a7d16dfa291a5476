"""Reads of the log between two ends, as the `eventsourcing` library asks for them."""

from collections.abc import Sequence
from uuid import UUID

from infrastructure.event_log.database import Database
from infrastructure.event_log.entry import LogEntry

LAST = 2**63 - 1  # no position and no version is greater


async def read_versions(
    database: Database,
    stream_id: UUID,
    *,
    after: int | None = None,
    through: int | None = None,
    newest_first: bool = False,
    limit: int | None = None,
) -> list[LogEntry]:
    """Events of one stream in order of version. Raises LogUnavailable; safe to repeat."""
    first = -LAST if after is None else after
    last = LAST if through is None else through
    rows = await database.fetch("read_versions", stream_id, first, last, newest_first, limit)
    return [LogEntry(*row) for row in rows]


async def read_range(
    database: Database,
    *,
    after: int,
    through: int | None = None,
    topics: Sequence[str] = (),
    limit: int,
) -> list[LogEntry]:
    """Events of the log in order of position; only of these topics, if any are named.

    Raises LogUnavailable; safe to repeat.
    """
    last = LAST if through is None else through
    rows = await database.fetch("read_range", after, last, list(topics) or None, limit)
    return [LogEntry(*row) for row in rows]
