"""Stored events beside the log, without positions: the library's snapshots."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from eventsourcing.persistence import AggregateRecorder, StoredEvent

from infrastructure.event_log.ranges import LAST
from infrastructure.event_sourcing.application import as_uuid
from infrastructure.event_sourcing.log import Log
from infrastructure.event_sourcing.statements import statement


class TableRecorder(AggregateRecorder):
    """Keeps the events of one purpose in `eventsourcing.stored_events`."""

    def __init__(self, log: Log, *, purpose: str) -> None:
        self.log = log
        self.purpose = purpose

    def create_table(self) -> None:
        """Called when CREATE_TABLE is on."""
        self.log.create(statement("create_stored_events"))

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> None:
        """Write all of them or nothing; IntegrityError when one is there already.

        Without an answer from the database raises OperationalError: it may be written or not.
        """
        self.log.execute(
            statement("insert_stored_events"),
            self.purpose,
            [as_uuid(event.originator_id) for event in stored_events],
            [event.originator_version for event in stored_events],
            [event.topic for event in stored_events],
            [event.state for event in stored_events],
        )

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """Events of one aggregate."""
        rows = self.log.query(
            statement("read_stored_events"),
            self.purpose,
            as_uuid(originator_id),
            -LAST if gt is None else gt,
            LAST if lte is None else lte,
            desc,
            limit,
        )
        return [StoredEvent(*row) for row in rows]
