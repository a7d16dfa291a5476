"""Places for answers that last: so many in one API process, and of these so many of one account."""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from uuid import UUID

from domain.refusals import Refusal

MOST = 4_000
MOST_EACH = 1_000


class StreamsAreMany(Refusal):
    """You have too many streams open. Close one that you do not need, then come again."""


class NoPlaceForStreams(Refusal):
    """Too many streams are open here. Come again in a moment."""


class StreamPlaces:
    """Those of one API process; an account's share is never the whole."""

    def __init__(self, *, most: int = MOST, most_each: int = MOST_EACH) -> None:
        self._most = most
        self._most_each = most_each
        self._taken = Counter[UUID]()

    @contextmanager
    def place(self, account_id: UUID) -> Generator[None]:
        """For one answer, to its end. Raises StreamsAreMany and NoPlaceForStreams."""
        if self._taken[account_id] >= self._most_each:
            raise StreamsAreMany
        if self._taken.total() >= self._most:
            raise NoPlaceForStreams
        self._taken[account_id] += 1
        try:
            yield
        finally:
            self._taken[account_id] -= 1
            if not self._taken[account_id]:
                del self._taken[account_id]
