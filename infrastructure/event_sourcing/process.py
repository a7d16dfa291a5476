"""An application that follows another one: new events and the position that they come from."""

from collections.abc import Sequence
from typing import Any

from eventsourcing.persistence import ProcessRecorder, StoredEvent, Tracking

from infrastructure.event_sourcing.application import LogApplicationRecorder, appends
from infrastructure.event_sourcing.step import Step
from infrastructure.event_sourcing.tracking import LogTrackingRecorder


class LogProcessRecorder(LogTrackingRecorder, LogApplicationRecorder, ProcessRecorder):
    """Events go into the log, positions into `eventsourcing.tracking`, in one transaction."""

    def insert_events(
        self,
        stored_events: Sequence[StoredEvent],
        *,
        tracking: Tracking | None = None,
        **_: Any,
    ) -> Sequence[int] | None:
        """As the application recorder; with `tracking` also the position, or neither."""
        if tracking is None:
            return super().insert_events(stored_events)
        step = Step(self.name, tracking, appends=appends(stored_events))
        return [entry.position for entry in self.log.take(step)]
