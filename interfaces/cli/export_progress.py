"""How far an export is: one line that changes, on a terminal; elsewhere one line for each end."""

import time
from collections.abc import Callable
from typing import TextIO

EVERY_SECONDS = 0.2


class Shown:
    """Writes to `out`, a terminal or not."""

    def __init__(self, out: TextIO, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._out = out
        self._clock = clock
        self._moves = out.isatty()
        self._dataset = ""
        self._began = self._said = 0.0
        self._expected = self._rows = 0

    def begin(self, dataset: str, *, rows: int) -> None:
        """A dataset of about so many rows."""
        self._dataset, self._expected, self._rows = dataset, rows, 0
        self._began = self._clock()
        self._said = self._began

    def add(self, rows: int) -> None:
        """So many rows more."""
        self._rows += rows
        now = self._clock()
        if self._moves and now - self._said >= EVERY_SECONDS:
            self._said = now
            self._write(self._line(now), end="")

    def end(self, dataset: str, *, rows: int) -> None:
        """The dataset is done; so many rows they were."""
        seconds = self._clock() - self._began
        rate = f" in {seconds:.1f} s, {rows / seconds:,.0f} rows/s" if rows and seconds else ""
        self._write(f"{dataset}: {rows:,} rows{rate}", end="\n")

    def _line(self, now: float) -> str:
        rate = self._rows / max(now - self._began, 1e-9)
        share = min(self._rows / max(self._expected, 1), 1)
        left = max(self._expected - self._rows, 0) / max(rate, 1e-9)
        done = f"{self._rows:,} of {self._expected:,} rows ({share:.0%})"
        return f"{self._dataset}: {done}, {rate:,.0f} rows/s, {_clock_time(left)} left"

    def _write(self, line: str, *, end: str) -> None:
        """Over the line before."""
        before, after = ("\r", "\x1b[K") if self._moves else ("", "")
        self._out.write(f"{before}{line}{after}{end}")
        self._out.flush()


def _clock_time(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
