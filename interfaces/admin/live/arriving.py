"""What arrives from the relay, as whole events: what it only names is read from the log."""

from collections.abc import Sequence
from uuid import UUID

from domain.catalogue import CHUNK, Event
from domain.recorded import Recorded
from infrastructure.event_log.codec import Codec
from infrastructure.event_log.reader import LogReader
from infrastructure.relay.events import ThreadStreamEvent
from interfaces.admin.live.heard import READ_FROM_LOG, public_event


class Arriving:
    """One for each page. Reads of the log are few: chunks, by far the most events, need none."""

    def __init__(self, reader: LogReader, thread_id: UUID) -> None:
        self._reader = reader
        self._thread_id = thread_id
        self._codec = Codec()

    async def whole(self, events: Sequence[ThreadStreamEvent]) -> list[Recorded[Event]]:
        """The same events in order, less those that no page shows. Raises LogUnavailable."""
        stored = await self._stored(events)
        found = (stored.get(event.position) or public_event(event) for event in events)
        return [recorded for recorded in found if recorded is not None]

    async def _stored(self, events: Sequence[ThreadStreamEvent]) -> dict[int, Recorded[Event]]:
        """Those that pages show and the relay does not: one read from the first of them on."""
        hidden = [event.position for event in events if event.name in READ_FROM_LOG]
        if not hidden:
            return {}
        first = hidden[0]
        count = sum(event.name != CHUNK and event.position >= first for event in events)
        entries = await self._reader.read_thread(
            self._thread_id, after=first - 1, chunks=False, limit=count
        )
        return {one.position: self._codec.decode(one) for one in entries if one.position in hidden}
