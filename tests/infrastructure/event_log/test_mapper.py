"""The `eventsourcing` library reads our log through its own interfaces."""

from uuid import UUID, uuid4

import pytest
from eventsourcing.application import Application
from eventsourcing.persistence import JSONTranscoder, StoredEvent
from eventsourcing.utils import get_topic

from infrastructure.event_log import Codec, EventMapper, MappedEvent, UnknownEvent
from tests.infrastructure.event_log.events import chunk


def stored() -> StoredEvent:
    topic, state = Codec().encode(chunk(), at=5, actor="worker:1", cause="c")
    return StoredEvent(originator_id=uuid4(), originator_version=4, topic=topic, state=state)


def test_a_stored_event_comes_back_byte_for_byte() -> None:
    mapper = EventMapper(JSONTranscoder())
    event = stored()
    mapped = mapper.to_domain_event(event)
    assert isinstance(mapped, MappedEvent)
    assert (mapped.originator_id, mapped.originator_version) == (event.originator_id, 4)
    assert (mapped.event, mapped.at, mapped.actor, mapped.cause) == (chunk(), 5, "worker:1", "c")
    assert mapper.to_stored_event(mapped) == event


def test_a_topic_is_never_resolved_as_a_python_name() -> None:
    event = StoredEvent(
        originator_id=uuid4(), originator_version=1, topic="os:system", state=b'{"command":"x"}'
    )
    with pytest.raises(UnknownEvent):
        EventMapper().to_domain_event(event)


def test_an_application_of_the_library_stores_and_reads_through_it() -> None:
    application = Application[UUID]({"MAPPER_TOPIC": get_topic(EventMapper)})
    event = MappedEvent(uuid4(), 1, event=chunk(), at=5, actor="worker:1", cause=None)
    application.events.put([event])
    assert list(application.events.get(event.originator_id)) == [event]
    [notification] = application.notification_log.select(start=1, limit=10)
    assert notification.topic == "completion.chunk@1"
    assert application.mapper.to_domain_event(notification) == event
