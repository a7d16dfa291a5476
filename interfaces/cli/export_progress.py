"""How far an export is: one line that changes, on a terminal; elsewhere one line for each end."""

import time
from collections.abc import Callable
from typing import TextIO

from interfaces.cli.progress import Place, how_far

EVERY_SECONDS = 0.2


class Shown:
    """Writes to `out`, a terminal or not."""

    def __init__(self, out: TextIO, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._place = Place(out)
        self._clock = clock
        self._dataset = ""
        self._began = self._said = 0.0
        self._expected = self._rows = 0

    def begin(self, dataset: str, *, rows: int) -> None:
        """A dataset of about so many rows."""
        self._dataset, self._expected, self._rows = dataset, rows, 0
        self._began = self._said = self._clock()

    def add(self, rows: int) -> None:
        """So many rows more."""
        self._rows += rows
        now = self._clock()
        if self._place.is_terminal and now - self._said >= EVERY_SECONDS:
            self._said = now
            rate = self._rows / max(now - self._began, 1e-9)
            told = how_far(self._rows, self._expected, rate=rate, unit=" rows")
            self._place.write(f"{self._dataset}: {told}")

    def end(self, dataset: str, *, rows: int) -> None:
        """The dataset is done; so many rows they were."""
        seconds = self._clock() - self._began
        rate = f" in {seconds:.1f} s, {rows / seconds:,.0f} rows/s" if rows and seconds else ""
        self._place.write(f"{dataset}: {rows:,} rows{rate}", stays=True)
