"""Events as stored bytes and back: `{"at":…,"actor":…,"cause":…,"data":{…}}`, by closed names.

An event that follows from its own stream alone has no `cause`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import SchemaSerializer, from_json, to_json

from domain.catalogue import CATALOGUE, Event, EventType
from domain.recorded import Recorded
from infrastructure.event_log.entry import LogEntry
from infrastructure.event_log.upcasters import UPCASTERS, Upcaster

E = TypeVar("E")


class UnknownEvent(Exception):
    """The log holds an event whose name or revision this version of Threadlog does not know."""


class BrokenEvent(Exception):
    """The log holds an event whose content does not fit its name and revision."""


@dataclass(frozen=True)
class Envelope(Generic[E]):
    """What stands in `state`. `data` is the last key, always: the relay cuts it out unread."""

    at: int
    actor: str
    data: E
    cause: str | None = None


class Codec:
    """Encodes by the catalogue and decodes every revision ever released.

    Stored names are looked up in the catalogue; they are never resolved as Python names.
    """

    def __init__(
        self,
        catalogue: Sequence[EventType] = CATALOGUE,
        upcasters: Mapping[str, Upcaster] = UPCASTERS,
    ) -> None:
        self._topics: dict[type[Event], str] = {kind.type: kind.topic for kind in catalogue}
        self._names = {kind.name: kind for kind in catalogue}
        self._upcasters = upcasters

    def encode(
        self, event: Event, *, at: int, actor: str, cause: str | None = None
    ) -> tuple[str, bytes]:
        """Topic and state; the same arguments always give the same bytes.

        Raises PydanticSerializationError for text that is not Unicode (a lone surrogate).
        """
        kind = type(event)
        data = _serializer(kind).to_json(event)
        return self._topics[kind], b'{"at":%d%b%b}' % (at, _between(actor, cause), data)

    def decode(self, entry: LogEntry) -> Recorded[Event]:
        """The event with its envelope. Raises UnknownEvent or BrokenEvent, which say where."""
        name, _, revision = entry.topic.partition("@")
        kind = self._names.get(name)
        if kind is None or not revision.isdecimal() or not 0 < int(revision) <= kind.revision:
            raise UnknownEvent(f"{entry.topic} at position {entry.position}")
        state = entry.state
        if entry.topic != kind.topic:
            state = self._upcast(entry, kind=kind, revision=int(revision))
        try:
            stored = _envelope(kind.type).validate_json(state)
        except ValidationError as error:
            wrong = error.errors(include_input=False, include_url=False, include_context=False)
            raise BrokenEvent(f"{entry.topic} at position {entry.position}: {wrong}") from None
        return Recorded(
            event=stored.data,
            stream_id=entry.originator_id,
            version=entry.originator_version,
            position=entry.position,
            at=stored.at,
            actor=stored.actor,
            cause=stored.cause,
            thread_id=entry.thread_id,
            owner_id=entry.owner_id,
        )

    def _upcast(self, entry: LogEntry, *, kind: EventType, revision: int) -> bytes:
        """The state as it would be stored today."""
        state: dict[str, Any] = from_json(entry.state)
        for older in range(revision, kind.revision):
            upcaster = self._upcasters.get(f"{kind.name}@{older}")
            if upcaster is None:
                raise UnknownEvent(f"{kind.name}@{older} at position {entry.position}: no upcaster")
            state["data"] = upcaster(state["data"])
        return to_json(state)


@lru_cache(maxsize=1024)
def _between(actor: str, cause: str | None) -> bytes:
    """What stands between the time and the data: the same for all events of a claim."""
    because = b"" if cause is None else b',"cause":%b' % to_json(cause)
    return b',"actor":%b%b,"data":' % (to_json(actor), because)


@cache
def _serializer(kind: type[Event]) -> SchemaSerializer:
    """Made once for each type, when it is first needed: about a millisecond."""
    serializer = TypeAdapter(kind).serializer
    assert isinstance(serializer, SchemaSerializer)
    return serializer


@cache
def _envelope(kind: type[Event]) -> TypeAdapter[Envelope[Event]]:
    return TypeAdapter(Envelope[kind])  # pyright: ignore[reportInvalidTypeForm]
