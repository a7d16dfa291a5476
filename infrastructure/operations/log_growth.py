"""How large the log is and how fast it grows. Costs the same however long it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from infrastructure.event_log.database import Database
from infrastructure.event_log.statements import statement

PACKAGE = "infrastructure.operations"


@dataclass(frozen=True)
class LogSize:
    """Now."""

    events: int
    log_bytes: int  # with indexes
    blob_bytes: int
    read_model_bytes: int  # both copies of each

    def bytes_of(self, events: int) -> int:
        """What so many events of average size take in the log."""
        return round(self.log_bytes * events / self.events) if self.events else 0


async def log_size(database: Database) -> LogSize:
    """Raises LogUnavailable."""
    [row] = await database.run(statement("log_size", package=PACKAGE))
    return LogSize(*row)


async def positions_before(database: Database, times: Sequence[datetime]) -> list[int]:
    """Of each time the last position before it, on the database's clock. Raises LogUnavailable."""
    rows = await database.run(statement("positions_before", package=PACKAGE), list(times))
    return [row[0] for row in rows]


async def events_since(database: Database, beginnings: Sequence[datetime]) -> list[int]:
    """Events from each of these times to the next one, and from the last one on."""
    before = await positions_before(database, beginnings)
    [row] = await database.fetch("last_position")
    return [end - begin for begin, end in pairwise([*before, row[0]])]
