"""The codec as the `eventsourcing` library wants it, so that its tools read and replay the log."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent, Transcoder

from domain.catalogue import Event
from infrastructure.event_log.codec import Codec
from infrastructure.event_log.entry import LogEntry

UNKNOWN_TIME = datetime.fromtimestamp(0, tz=UTC)


@dataclass(frozen=True)
class MappedEvent:
    """One of our events in the shape of the library's domain events."""

    originator_id: UUID
    originator_version: int
    event: Event
    at: int
    actor: str
    cause: str | None


class EventMapper(Mapper[UUID]):
    """Our closed table of names in the library's place for one: `MAPPER_TOPIC` names this class.

    Topics are looked up, never resolved as Python names; UnknownEvent and BrokenEvent are raised
    as by the codec. Transcoder, compressor and cipher are not used: the bytes are the codec's.
    """

    def __init__(self, transcoder: Transcoder | None = None, **_: object) -> None:
        super().__init__(transcoder or JSONTranscoder())
        self._codec = Codec()

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> StoredEvent:
        """The same topic and state as our own writer stores."""
        assert isinstance(domain_event, MappedEvent)
        topic, state = self._codec.encode(
            domain_event.event,
            at=domain_event.at,
            actor=domain_event.actor,
            cause=domain_event.cause,
        )
        return StoredEvent(
            originator_id=domain_event.originator_id,
            originator_version=domain_event.originator_version,
            topic=topic,
            state=state,
        )

    def to_domain_event(self, stored_event: StoredEvent) -> DomainEventProtocol[UUID]:
        """A `MappedEvent`."""
        recorded = self._codec.decode(_entry(stored_event))
        return MappedEvent(
            originator_id=recorded.stream_id,
            originator_version=recorded.version,
            event=recorded.event,
            at=recorded.at,
            actor=recorded.actor,
            cause=recorded.cause,
        )


def _entry(stored: StoredEvent) -> LogEntry:
    """What the library knows of a stored event; it knows no position, thread or owner."""
    stream_id = stored.originator_id
    return LogEntry(
        stream_id if isinstance(stream_id, UUID) else UUID(stream_id),
        stored.originator_version,
        stored.topic,
        stored.state,
        getattr(stored, "id", 0),
        None,
        None,
        UNKNOWN_TIME,
    )
