"""The pieces of one part of an answer, gathered until they are written as one chunk."""

from application.storable import StorableText
from domain.completion_events import Chunk, ChunkKind

FULL_CHARACTERS = 256  # write now
MOST_CHARACTERS = 16_384  # of one chunk; a longer delta is cut into several
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
        """As much of what waits as one event holds, None when nothing does; the part goes on."""
        if not self._texts:
            return None
        count = self._fitting()
        texts, self._texts = self._texts[:count], self._texts[count:]
        deltas, self._deltas = self._deltas[:count], self._deltas[count:]
        text = "".join(texts)
        self.characters -= len(text)
        step, part, kind, tool_call_id = self.key
        return Chunk(
            attempt=self._attempt,
            step=step,
            part=part,
            kind=kind,
            text=text,
            deltas=tuple(deltas),
            tool_call_id=tool_call_id,
        )

    def _fitting(self) -> int:
        """How many pieces make one chunk; at least one."""
        characters = 0
        for count, text in enumerate(self._texts):
            characters += len(text)
            if characters > MOST_CHARACTERS:
                return max(1, count)
        return len(self._texts)

    def _keep(self, text: str, milliseconds: int) -> None:
        for start in range(0, len(text), MOST_CHARACTERS):
            piece = text[start : start + MOST_CHARACTERS]
            self._texts.append(piece)
            self._deltas.append((len(piece), 0 if start else milliseconds))
        self.characters += len(text)
