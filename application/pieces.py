"""The pieces of one part of an answer, gathered until they are written as one chunk."""

from application.storable import StorableText
from domain.completion_events import Chunk, ChunkKind

FULL_CHARACTERS = 256  # write now
YOUNG_SECONDS = 1.0
YOUNG_WAIT_SECONDS = 0.05
WAIT_SECONDS = 0.1


class Pieces:
    """One part, from its first piece to its last. Times are monotonic seconds."""

    def __init__(
        self, *, attempt: int, step: int, part: int, kind: ChunkKind, tool_call_id: str | None
    ) -> None:
        self.key = (step, part, kind, tool_call_id)
        self._attempt = attempt
        self._text = StorableText()
        self._texts: list[str] = []
        self._deltas: list[tuple[int, int]] = []
        self._began: float | None = None
        self.characters = 0  # waiting

    @property
    def replaced(self) -> int:
        """Characters of the whole part that could not be kept."""
        return self._text.replaced

    def add(self, piece: str, *, now: float, milliseconds: int) -> str:
        """Take a piece in; what can be kept of it by now."""
        text = self._text.take(piece)
        if text:
            self._keep(text, milliseconds)
        if self._began is None:
            self._began = now
        return text

    def end(self) -> None:
        """No more pieces come."""
        if rest := self._text.rest():
            self._keep(rest, 0)

    def wait_seconds(self, *, now: float, first: bool) -> float:
        """How long what is here may wait to be written."""
        if first or self.characters >= FULL_CHARACTERS:
            return 0.0
        young = self._began is None or now - self._began < YOUNG_SECONDS
        return YOUNG_WAIT_SECONDS if young else WAIT_SECONDS

    def chunk(self) -> Chunk | None:
        """Everything that waits, as one event; the part goes on."""
        if not self._texts:
            return None
        step, part, kind, tool_call_id = self.key
        chunk = Chunk(
            attempt=self._attempt,
            step=step,
            part=part,
            kind=kind,
            text="".join(self._texts),
            deltas=tuple(self._deltas),
            tool_call_id=tool_call_id,
        )
        self._texts, self._deltas, self.characters = [], [], 0
        return chunk

    def _keep(self, text: str, milliseconds: int) -> None:
        self._texts.append(text)
        self._deltas.append((len(text), milliseconds))
        self.characters += len(text)
