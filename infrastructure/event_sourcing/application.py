"""The event log as the library's application recorder."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from eventsourcing.persistence import (
    ApplicationRecorder,
    IntegrityError,
    Notification,
    StoredEvent,
)

from infrastructure.event_log.batch import NewEvent, NewEvents
from infrastructure.event_sourcing.log import Log
from infrastructure.event_sourcing.subscription import LogSubscription


class LogApplicationRecorder(ApplicationRecorder):
    """Reads the whole log; writes streams of its own beside those of Threadlog.

    A stream that belongs to a thread or an owner takes events from Threadlog alone: to others it
    answers IntegrityError.
    """

    def __init__(self, log: Log, *, name: str) -> None:
        self.log = log
        self.name = name

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int] | None:
        """Write all of them as one; their positions. Raises IntegrityError on a conflict.

        An acknowledgement that is lost is found out: an event is written exactly once.
        """
        if not stored_events:
            return []
        return [entry.position for entry in self.log.append(appends(stored_events))]

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """Events of one stream."""
        entries = self.log.read_versions(
            as_uuid(originator_id), after=gt, through=lte, newest_first=desc, limit=limit
        )
        return [
            StoredEvent(entry.originator_id, entry.originator_version, entry.topic, entry.state)
            for entry in entries
        ]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Events of the whole log, each a `LogEntry`: with its thread, owner and time."""
        after = 0 if start is None else start - inclusive_of_start
        return self.log.read_range(after=after, through=stop, topics=topics, limit=limit)

    def max_notification_id(self) -> int | None:
        """The position of the log's last event; None while it is empty."""
        return self.log.last_position() or None

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> LogSubscription:
        """Follow the log after a position."""
        return LogSubscription(self, gt, topics, log=self.log)


def appends(stored_events: Sequence[StoredEvent]) -> list[NewEvents]:
    """One append for each run of events of a stream, in the given order.

    Raises IntegrityError when the versions of a stream do not follow each other.
    """
    runs: list[tuple[UUID, int, list[NewEvent]]] = []
    versions: dict[UUID, int] = {}
    for event in stored_events:
        stream_id, before = as_uuid(event.originator_id), event.originator_version - 1
        if versions.get(stream_id, before) != before:
            raise IntegrityError(f"the versions of {stream_id} do not follow each other")
        versions[stream_id] = event.originator_version
        if not runs or runs[-1][0] != stream_id:
            runs.append((stream_id, before, []))
        runs[-1][2].append(NewEvent(event.topic, event.state))
    return [NewEvents(stream_id, expected, events) for stream_id, expected, events in runs]


def as_uuid(originator_id: UUID | str) -> UUID:
    """The streams of the log are named by UUIDs only."""
    return originator_id if isinstance(originator_id, UUID) else UUID(originator_id)
