"""How far a projection has come, in the same transaction as what it makes of the events."""

from eventsourcing.persistence import Tracking, TrackingRecorder

from infrastructure.event_log.connection import Row
from infrastructure.event_sourcing.log import Log
from infrastructure.event_sourcing.statements import statement
from infrastructure.event_sourcing.step import Step


class LogTrackingRecorder(TrackingRecorder):
    """Keeps positions in `eventsourcing.tracking`.

    A projection's view is a subclass: it makes its tables in `create_table`, changes them with
    `record` and reads them with `query`.
    """

    def __init__(self, log: Log, *, name: str) -> None:
        self.log = log
        self.name = name

    def create_table(self) -> None:
        """Called when CREATE_TABLE is on."""
        self.log.create(statement("create_tracking"))

    def insert_tracking(self, tracking: Tracking) -> None:
        """Move forward to this position. Raises IntegrityError when it was reached before."""
        self.log.take(Step(self.name, tracking))

    def record(self, tracking: Tracking, sql: str, *arguments: object) -> None:
        """Execute one statement together with `insert_tracking`, exactly once."""
        self.log.take(Step(self.name, tracking, sql=sql, arguments=arguments))

    def query(self, sql: str, *arguments: object) -> list[Row]:
        """The rows of a statement that changes nothing."""
        return self.log.query(sql, *arguments)

    def max_tracking_id(self, application_name: str) -> int | None:
        """The position reached; None before the first one."""
        rows = self.log.query(statement("read_tracking"), self.name, application_name)
        return rows[0][0] if rows else None
