"""A log that was exported, or is reached through any recorder of the library `eventsourcing`."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from eventsourcing.persistence import ApplicationRecorder

from domain.catalogue import CHUNK
from infrastructure.event_log.entry import LogEntry

READ_EVENTS = 5000


class RecordedLog:
    """Implements `AuditedLog` by reading from the beginning; one thread is kept in memory.

    The recorder's notifications are `LogEntry`s, as those of our own recorders are; it blocks.
    """

    def __init__(self, recorder: ApplicationRecorder) -> None:
        self._recorder = recorder
        self._thread_id: UUID | None = None
        self._thread: list[LogEntry] = []

    async def read_thread(
        self, thread_id: UUID, *, after: int = 0, chunks: bool = True, limit: int | None = None
    ) -> list[LogEntry]:
        """See `AuditedLog.read_thread`."""
        if thread_id != self._thread_id:
            self._thread = [entry for entry in self._all() if entry.thread_id == thread_id]
            self._thread_id = thread_id
        found = (entry for entry in self._thread if entry.position > after)
        return [entry for entry in found if chunks or entry.name != CHUNK][:limit]

    async def read_stream(self, stream_id: UUID) -> list[LogEntry]:
        """See `AuditedLog.read_stream`. That of the thread read last costs nothing."""
        held = [entry for entry in self._thread if entry.originator_id == stream_id]
        return held or [entry for entry in self._all() if entry.originator_id == stream_id]

    async def read_range(
        self, *, after: int, through: int, topics: Sequence[str], limit: int
    ) -> list[LogEntry]:
        """See `AuditedLog.read_range`."""
        return _entries(
            self._recorder.select_notifications(
                after, limit, through, topics, inclusive_of_start=False
            )
        )

    async def last_position(self) -> int:
        """See `AuditedLog.last_position`."""
        return self._recorder.max_notification_id() or 0

    def _all(self) -> Iterator[LogEntry]:
        after = 0
        while True:
            entries = _entries(
                self._recorder.select_notifications(after, READ_EVENTS, inclusive_of_start=False)
            )
            yield from entries
            if len(entries) < READ_EVENTS:
                return
            after = entries[-1].position


def _entries(notifications: Sequence[object]) -> list[LogEntry]:
    entries = [one for one in notifications if isinstance(one, LogEntry)]
    assert len(entries) == len(notifications), "the recorder knows no threads"
    return entries
