"""How far a copy of a read model is: a bar on a terminal, elsewhere a line every few seconds."""

import time
from collections.abc import Callable
from typing import TextIO

from infrastructure.projecting.swapping import Progress

BAR_CHARACTERS = 30
BAR_SECONDS = 0.1
LINE_SECONDS = 5.0


class Shown:
    """Call it with each progress, and `end` when nothing more will come."""

    def __init__(self, out: TextIO, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._out = out
        self._clock = clock
        self._is_terminal = out.isatty()
        self._began = self._said = clock()
        self._first: int | None = None  # an earlier, killed one may have come this far

    def __call__(self, progress: Progress) -> None:
        now = self._clock()
        if self._first is None:
            self._first, self._began = progress.position, now
        if now - self._said < (BAR_SECONDS if self._is_terminal else LINE_SECONDS):
            return
        self._said = now
        line = self._line(progress, rate=self._rate(progress, now))
        self._out.write(f"\r{line}\x1b[K" if self._is_terminal else f"{line}\n")
        self._out.flush()

    def end(self) -> None:
        """The bar goes away."""
        if self._is_terminal:
            self._out.write("\r\x1b[K")
            self._out.flush()

    def _rate(self, progress: Progress, now: float) -> float:
        assert self._first is not None
        return (progress.position - self._first) / max(now - self._began, 1e-9)

    def _line(self, progress: Progress, *, rate: float) -> str:
        share = min(progress.position / max(progress.last, 1), 1)
        left = max(progress.last - progress.position, 0) / rate if rate else 0.0
        done = f"{progress.position:,} of {progress.last:,} ({share:.0%})"
        told = f"{done}, {rate:,.0f}/s, {_as_clock(left)} left"
        if not self._is_terminal:
            return told
        full = int(share * BAR_CHARACTERS)
        return f"[{'#' * full}{' ' * (BAR_CHARACTERS - full)}] {told}"


def _as_clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
