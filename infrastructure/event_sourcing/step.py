"""What a follower of an application records as one: its position, new events, its own statement."""

from collections.abc import Sequence
from dataclasses import dataclass

from eventsourcing.persistence import IntegrityError, Tracking

from infrastructure.event_log.batch import Batch, NewEvents, conflict_of
from infrastructure.event_log.connection import Connection
from infrastructure.event_log.entry import LogEntry
from infrastructure.event_log.lost import find_written
from infrastructure.event_log.submission import Submission
from infrastructure.event_sourcing.statements import statement

# The append holds the log's lock until the commit: a machine that vanishes must not keep it.
IDLE_IN_TRANSACTION = "SET LOCAL idle_in_transaction_session_timeout = '5s'"


@dataclass(frozen=True)
class Step:
    """One transaction of the follower `follower`."""

    follower: str
    tracking: Tracking
    appends: Sequence[NewEvents] = ()
    sql: str | None = None
    arguments: Sequence[object] = ()

    async def record(self, connection: Connection) -> list[LogEntry]:
        """All of it or nothing; the new events with their positions.

        Raises IntegrityError when the follower has come as far before, and StreamConflict.
        """
        async with connection.transaction():
            await connection.execute(IDLE_IN_TRANSACTION)
            await self._move(connection)
            if self.sql is not None:
                await connection.fetch(self.sql, *self.arguments)
            return await self._append(connection)

    async def recorded(self, connection: Connection) -> list[LogEntry] | None:
        """The new events if an earlier `record` was committed without an answer, else None.

        Without new events the position tells: whoever moved it had done the same work.
        """
        if self.appends:
            lost = Submission(self.appends, committed=_nobody, refused=_nobody)
            return (await find_written(connection, [lost])).get(lost)
        where = self.follower, self.tracking.application_name
        position = await connection.fetchval(statement("read_tracking"), *where)
        return [] if position is not None and position >= self.tracking.notification_id else None

    async def _move(self, connection: Connection) -> None:
        application, position = self.tracking.application_name, self.tracking.notification_id
        move = statement("move_tracking")
        if await connection.fetchval(move, self.follower, application, position) is None:
            raise IntegrityError(f"{self.follower!r} has dealt with {self.tracking} before")

    async def _append(self, connection: Connection) -> list[LogEntry]:
        if not self.appends:
            return []
        batch = Batch()
        assert batch.add(self.appends)
        answer = await batch.send(connection)
        if answer.conflicts:
            refused = batch.conflicts(answer)
            raise conflict_of(self.appends, versions=batch.versions(answer), refused=refused)
        return batch.entries(answer)


def _nobody(_: object) -> None:
    """Nobody waits for this submission's answer."""
