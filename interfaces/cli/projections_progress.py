"""How far a copy of a read model is: a bar on a terminal, elsewhere a line every few seconds."""

import time
from collections.abc import Callable
from typing import TextIO

from infrastructure.projecting.swapping import Progress
from interfaces.cli.progress import Place, how_far, share_of

BAR_CHARACTERS = 30
BAR_SECONDS = 0.1
LINE_SECONDS = 5.0


class Shown:
    """Call it with each progress, and `end` when nothing more will come."""

    def __init__(self, out: TextIO, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._place = Place(out)
        self._clock = clock
        self._began = self._said = clock()
        self._first: int | None = None  # an earlier, killed one may have come this far

    def __call__(self, progress: Progress) -> None:
        now = self._clock()
        if self._first is None:
            self._first, self._began = progress.position, now
        if now - self._said < (BAR_SECONDS if self._place.is_terminal else LINE_SECONDS):
            return
        self._said = now
        rate = (progress.position - self._first) / max(now - self._began, 1e-9)
        self._place.write(self._line(progress, rate=rate))

    def end(self) -> None:
        """The bar goes away."""
        if self._place.is_terminal:
            self._place.write("")

    def _line(self, progress: Progress, *, rate: float) -> str:
        told = how_far(progress.position, progress.last, rate=rate)
        if not self._place.is_terminal:
            return told
        full = int(share_of(progress.position, progress.last) * BAR_CHARACTERS)
        return f"[{'#' * full}{' ' * (BAR_CHARACTERS - full)}] {told}"
