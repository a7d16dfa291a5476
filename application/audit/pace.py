"""When a replay shows what: from the times in the log alone, for every kind of replay."""

from collections.abc import Iterable
from typing import NamedTuple

from domain.catalogue import TERMINAL_NAMES

_RESTS = frozenset({"completion.waiting", "completion.interrupted"}) | {
    name for name in TERMINAL_NAMES if name.startswith("completion.")
}


class Due(NamedTuple):
    """Microseconds: after the beginning of the replay, and since 1970 when it was so."""

    after: int
    at: int


class Pace:
    """Takes what a replay shows in order of position; all times are microseconds.

    Pieces come in the provider's own times: their milliseconds count from the claim
    (`completion.started`), piece after piece. All else comes when its event was decided, and
    nothing before what stands before it in the log. While no answer is under way, as between two
    turns or while a person is waited for, a pause is at most `longest_pause` (None: as it was).
    """

    def __init__(self, *, longest_pause: int | None) -> None:
        self._longest_pause = longest_pause
        self._now: int | None = None  # where the replay has come to, since 1970
        self._after = 0
        self._pieces_at = 0
        self._under_way = False

    def event(self, name: str, at: int) -> Due:
        """An event that is not a chunk."""
        due = self._due(at)
        if name == "completion.started":
            self._pieces_at = at
            self._under_way = True
        elif name in _RESTS:
            self._under_way = False
        return due

    def pieces(self, milliseconds: Iterable[int]) -> list[Due]:
        """The pieces of a chunk, by the milliseconds since the piece before each."""
        dues: list[Due] = []
        for passed in milliseconds:
            self._pieces_at += passed * 1000
            dues.append(self._due(self._pieces_at))
        return dues

    def _due(self, at: int) -> Due:
        now = at if self._now is None else self._now
        pause = max(at - now, 0)
        if self._longest_pause is not None and not self._under_way:
            pause = min(pause, self._longest_pause)
        self._after += pause
        self._now = max(at, now)
        return Due(self._after, at)
