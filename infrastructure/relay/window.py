"""The latest events of one subject without a gap, and what is known to be missing after them."""

from bisect import bisect_right
from collections.abc import Sequence

from infrastructure.relay.events import ThreadStreamEvent

WINDOW_BYTES = 256 * 1024
EVENT_BYTES = 200  # what an event weighs besides its block


class Window:
    """Holds every event of its subject after `start` through `last`; `heard` is known to exist.

    Closed until `open` says where the end was. Events may come late, early, twice, or not
    at all: they enter in the order of the chain, and those that came too early wait for theirs.
    """

    def __init__(self) -> None:
        self.is_open = False
        self.start = 0
        self.last = 0
        self.heard = 0
        self._events: list[ThreadStreamEvent] = []
        self._bytes = 0
        self._early: dict[int, ThreadStreamEvent] = {}  # by the position they follow
        self._early_bytes = 0

    @property
    def is_behind(self) -> bool:
        """Is something missing that the log has?"""
        return self.is_open and self.last < self.heard

    def open(self, tail: int) -> None:
        """Begin after position `tail`, the last one at some moment since we listen."""
        assert not self.is_open
        self.is_open = True
        self.start = self.last = tail
        self.heard = max(self.heard, tail)
        self._take_early()

    def hear(self, position: int) -> None:
        """The log has this position."""
        self.heard = max(self.heard, position)

    def add(self, events: Sequence[ThreadStreamEvent]) -> bool:
        """Take in what follows, in any order; did the window grow?

        One call may exceed the window's bytes, so that who keeps up never has to read the log.
        """
        before = self.last
        self._shrink(WINDOW_BYTES)
        for event in events:
            self.hear(event.position)
            if self.is_open and event.position <= self.last:
                continue
            if self.is_open and event.previous == self.last:
                self._append(event)
            else:
                self._keep_early(event)
        if self._early:
            self._take_early()
        return self.last > before

    def after(self, position: int) -> list[ThreadStreamEvent] | None:
        """All events after a position; None when only the log has them."""
        if not self.is_open or position < self.start:
            return None
        if position >= self.last:
            return []
        return self._events[bisect_right(self._events, position, key=_position) :]

    def forget(self, position: int) -> None:
        """Nobody needs the events through this position any more."""
        self._drop(bisect_right(self._events, position, key=_position))

    def give_up(self, heard: int) -> None:
        """The log was read to its end and does not have what was heard by then."""
        if self.heard == heard:
            self.heard = self.last

    def _append(self, event: ThreadStreamEvent) -> None:
        self._events.append(event)
        self._bytes += _weight(event)
        self.last = event.position

    def _keep_early(self, event: ThreadStreamEvent) -> None:
        if self._early_bytes + _weight(event) <= WINDOW_BYTES:
            self._early[event.previous] = event
            self._early_bytes += _weight(event)

    def _take_early(self) -> None:
        while self.is_open and (event := self._early.pop(self.last, None)) is not None:
            self._append(event)
        if self.is_open:
            self._early = {k: e for k, e in self._early.items() if e.position > self.last}
        self._early_bytes = sum(map(_weight, self._early.values()))

    def _shrink(self, limit: int) -> None:
        rest, count = self._bytes, 0
        while rest > limit:
            rest -= _weight(self._events[count])
            count += 1
        self._drop(count)

    def _drop(self, count: int) -> None:
        if count:
            self.start = self._events[count - 1].position
            self._bytes -= sum(map(_weight, self._events[:count]))
            del self._events[:count]


def _position(event: ThreadStreamEvent) -> int:
    return event.position


def _weight(event: ThreadStreamEvent) -> int:
    return EVENT_BYTES + len(event.sse)
