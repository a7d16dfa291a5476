"""A client that listens to one answer, and knows how late each of its words is."""

import math
from contextlib import aclosing
from dataclasses import dataclass

from benchmarks.rig.contender import Contender
from benchmarks.rig.provider import words_in
from tests.model_server import ask


@dataclass(frozen=True)
class Arrival:
    """A word at the client: `at` in nanoseconds since 1970, late against the model's schedule."""

    at: int
    late_ms: float


class Listener:
    """`words`: of the answer; None for one that goes on until it is closed.

    The schedule has a word every `gap_seconds`, from the earliest beginning that any word's stamp
    has shown so far; so a provider that cannot keep its pace on a busy machine counts as late, too.
    """

    def __init__(self, contender: Contender, *, words: int | None, gap_seconds: float) -> None:
        self.arrivals: list[Arrival] = []
        self._contender = contender
        self._words = words
        self._gap_seconds = gap_seconds
        self._begins_at = math.inf  # nanoseconds since 1970

    async def listen(self) -> None:
        """To the end. AssertionError when a word is lost, doubled, torn or out of order."""
        question = ask(words=self._words, gap_seconds=self._gap_seconds)
        async with aclosing(self._contender.pieces(question)) as pieces:
            async for piece in pieces:
                self._hear(piece.text, piece.at)
        heard = len(self.arrivals)
        assert heard == self._words, f"{self._contender.name}: {heard} words of {self._words}"

    def _hear(self, text: str, at: int) -> None:
        for word in words_in(text):
            assert word.number == len(self.arrivals), f"w{word.number} after {len(self.arrivals)}"
            after = word.number * self._gap_seconds * 1e9
            self._begins_at = min(self._begins_at, word.sent_at - after)
            self.arrivals.append(Arrival(at, (at - self._begins_at - after) / 1e6))
