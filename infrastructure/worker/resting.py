"""What could not be worked on, and when to try again."""

from collections.abc import Sequence
from uuid import UUID

FIRST_SECONDS = 1.0
LONGEST_SECONDS = 300.0


class Resting:
    """Runs whose stream could not be read or claimed: each failure doubles the rest.

    One such run, say one of a newer version's events, must neither stop the others nor be asked for
    without end.
    """

    def __init__(self) -> None:
        self._rests: dict[UUID, tuple[float, float]] = {}  # until when, and how long it was

    def rest(self, run: UUID, *, now: float) -> float:
        """It failed now (monotonic seconds); the seconds that it rests."""
        _, before = self._rests.get(run, (0.0, FIRST_SECONDS / 2))
        seconds = min(2 * before, LONGEST_SECONDS)
        self._rests[run] = (now + seconds, seconds)
        return seconds

    def rests(self, run: UUID, *, now: float) -> bool:
        """Is it not to be tried now?"""
        return now < self._rests.get(run, (0.0, 0.0))[0]

    def resting(self, *, now: float) -> Sequence[UUID]:
        """Those that are not to be tried now."""
        return [run for run, (until, _) in self._rests.items() if now < until]
