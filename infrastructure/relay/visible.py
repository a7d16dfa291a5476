"""What one client sees of a thread's events, and how its cursor moves over the others."""

from collections.abc import Collection, Sequence

from infrastructure.relay.events import ThreadStreamEvent

UNSEEN_EVENTS = 500


class VisibleEvents:
    """`names`: only these events; None: all that are public."""

    def __init__(self, names: Collection[str] | None) -> None:
        self._names = names
        self._position = 0
        self._unseen = 0

    def blocks(self, events: Sequence[ThreadStreamEvent]) -> bytes:
        """The SSE blocks of these events, for one write; the cursor after UNSEEN_EVENTS others."""
        blocks: list[bytes] = []
        for event in events:
            self._position = event.position
            self._unseen += 1
            if event.sse and (self._names is None or event.name in self._names):
                self._unseen = 0
                blocks.append(event.sse)
            elif self._unseen >= UNSEEN_EVENTS:
                blocks.append(self.cursor())
        return b"".join(blocks)

    def cursor(self) -> bytes:
        """A block with only an `id`, after which a client resumes behind what it did not see.

        Empty when the client's cursor is already there.
        """
        if not self._unseen:
            return b""
        self._unseen = 0
        return b"id: %d\n\n" % self._position
