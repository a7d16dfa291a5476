"""What one page shows, as far as the server knows: it follows the log, and tells what changed."""

from collections.abc import Sequence
from uuid import UUID

from domain.catalogue import BY_TYPE, Event
from domain.completion_events import Chunk, CompletionWaiting
from domain.recorded import Recorded
from infrastructure.event_log.reader import LogReader
from infrastructure.relay.events import ThreadStreamEvent
from interfaces.admin.conversation.patches import Patch
from interfaces.admin.conversation.shown import Shown
from interfaces.admin.live.arriving import Arriving
from interfaces.admin.live.causes import cause_of
from interfaces.admin.live.frames import Frames, batch_bytes
from interfaces.admin.live.pace import Pace


class ShownPage:
    """One for each connection. `has_nothing`: all of it is to be told first."""

    def __init__(self, shown: Shown, *, reader: LogReader, has_nothing: bool = False) -> None:
        self.position = shown.conversation.position
        self._has_nothing = has_nothing
        self._shown = shown
        self._arriving = Arriving(reader, self.thread_id)
        self._frames = Frames()
        self._pace = Pace()
        self._untold: list[Event] = []  # that happened; of chunks none
        self._is_behind = False
        self._is_urgent = False
        self._speaking: tuple[UUID, str] | None = None  # whose text came last, and of which kind

    @property
    def thread_id(self) -> UUID:
        return self._shown.conversation.id

    @property
    def next_at(self) -> float | None:
        """When it is to be told, on the clock of `told`; a moment that has passed: now."""
        if not self._is_behind:
            return None
        return 0.0 if self._is_urgent else self._pace.next_at

    def beginning(self) -> bytes:
        """What it needs before anything that is heard."""
        return self._batch(self._shown.everything()) if self._has_nothing else b""

    async def hear(self, events: Sequence[ThreadStreamEvent]) -> None:
        """These have happened. Raises LogUnavailable."""
        for recorded in await self._arriving.whole(events):
            self._shown.conversation.apply(recorded)
            self._weigh(recorded)
        self.position = events[-1].position
        self._is_behind = True

    async def typeset(self) -> None:
        """Read ahead what `changes` will tell, with pauses for others."""
        await self._shown.typeset_changes()

    def changes(self, *, at: float) -> bytes:
        """What makes the page show all that was heard. `at`: a moment of any one clock."""
        body = self._batch(self._shown.patches())
        self._pace.wrote(len(body), at=at)
        self._untold.clear()
        self._is_behind = self._is_urgent = False
        return body

    def _batch(self, patches: Sequence[Patch]) -> bytes:
        frames = self._frames.of(patches, cause=cause_of(self._untold))
        return batch_bytes(frames, position=self.position)

    def _weigh(self, recorded: Recorded[Event]) -> None:
        """The first words of a text, an end, and a question to the reader do not wait."""
        event = recorded.event
        if isinstance(event, Chunk):
            speaking = (recorded.stream_id, event.kind)
            self._is_urgent |= speaking != self._speaking
            self._speaking = speaking
            self._pace.heard(event.text)
            return
        self._untold.append(event)
        self._is_urgent |= BY_TYPE[type(event)].terminal or isinstance(event, CompletionWaiting)
