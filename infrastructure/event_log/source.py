"""Between events and bytes: what the application gives the writer, and what comes back."""

from collections.abc import Callable, Sequence

from application.ports import AnyRecorded, AppendSource, StreamAppend, StreamConflict
from domain.catalogue import Event
from domain.recorded import Recorded
from infrastructure.event_log.batch import NewEvent, NewEvents
from infrastructure.event_log.codec import Codec
from infrastructure.event_log.entry import LogEntry


class EncodedSource:
    """A source as the writer wants it: bytes out, and answers turned back into events."""

    def __init__(
        self,
        source: AppendSource,
        *,
        codec: Codec,
        clock: Callable[[], int],
        actor: str,
        cause: str | None,
    ) -> None:
        self._source = source
        self._codec = codec
        self._clock = clock
        self._actor = actor
        self._cause = cause
        self._events: Sequence[Event] = ()
        self._at = 0

    def take(self) -> NewEvents | None:
        append = self._source.take()
        if append is None or not append.events:
            return None
        self._events, self._at = append.events, self._clock()
        try:
            return encoded(
                append, codec=self._codec, at=self._at, actor=self._actor, cause=self._cause
            )
        except ValueError as error:
            self.refused(error)
            return None

    def committed(self, entries: Sequence[LogEntry]) -> None:
        self._source.committed(
            recorded(self._events, entries, at=self._at, actor=self._actor, cause=self._cause)
        )

    def refused(self, error: Exception) -> None:
        """A source knows only conflicts; what else refused it stands in `__cause__`."""
        if not isinstance(error, StreamConflict):
            conflict = StreamConflict({})
            conflict.__cause__ = error
            error = conflict
        self._source.refused(error)


def encoded(
    append: StreamAppend, *, codec: Codec, at: int, actor: str, cause: str | None
) -> NewEvents:
    """The append with its events as topic and state."""
    return NewEvents(
        append.stream_id,
        append.expected,
        [
            NewEvent(*codec.encode(event, at=at, actor=actor, cause=cause))
            for event in append.events
        ],
        append.thread_id,
        append.owner_id,
    )


def recorded(
    events: Sequence[Event],
    entries: Sequence[LogEntry],
    *,
    at: int,
    actor: str,
    cause: str | None,
) -> list[AnyRecorded]:
    """The events with the places that the log gave them."""
    return [
        Recorded(
            event,
            entry.originator_id,
            entry.originator_version,
            entry.id,
            at,
            actor,
            cause,
            entry.thread_id,
            entry.owner_id,
        )
        for event, entry in zip(events, entries, strict=True)
    ]
