"""A row of the log as it is stored: the library's notification and the facts of its stream."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from eventsourcing.persistence import Notification


@dataclass(frozen=True)
class LogEntry(Notification):
    """One stored event. `id` is the position, `topic` the `name@revision`, `state` JSON as UTF-8.

    `previous` is the position of the event before it in the same thread: 0 for the first one,
    None for a stream without thread. A reader whose last position is another has lost something.
    """

    originator_id: UUID
    thread_id: UUID | None
    owner_id: UUID | None
    recorded_at: datetime  # the database's clock, never falling along the log
    previous: int | None = None

    @property
    def position(self) -> int:
        """Place in the whole log: 1, 2, 3 … without holes."""
        return self.id

    @property
    def name(self) -> str:
        """The topic without its revision."""
        return self.topic.partition("@")[0]
