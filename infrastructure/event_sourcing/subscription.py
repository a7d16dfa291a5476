"""Follows the log: what is there, then what is committed, in order of position."""

from collections.abc import Sequence

from eventsourcing.persistence import ApplicationRecorder, ListenNotifySubscription

from infrastructure.event_sourcing.background import RecorderIsClosed
from infrastructure.event_sourcing.errors import as_library_error
from infrastructure.event_sourcing.log import Log


class LogSubscription(ListenNotifySubscription[ApplicationRecorder]):
    """Woken after each commit; a lost connection is made again and no event is missed.

    Iterating raises OperationalError when the database does not answer a read in time.
    """

    def __init__(
        self,
        recorder: ApplicationRecorder,
        gt: int | None,
        topics: Sequence[str],
        *,
        log: Log,
    ) -> None:
        self._log = log
        super().__init__(recorder=recorder, gt=gt, topics=topics)
        log.listen(self)

    def _pull(self) -> None:
        try:
            super()._pull()
        except RecorderIsClosed:
            self.stop()

    def wake(self) -> None:
        """Read on; there may be more."""
        self._has_been_notified.set()

    def fail(self, error: Exception) -> None:
        """End the iteration with this error."""
        self._thread_error = as_library_error(error)
        self.stop()

    def stop(self) -> None:
        """End the iteration; waits for nothing, safe to repeat."""
        super().stop()
        self._log.unlisten(self)
