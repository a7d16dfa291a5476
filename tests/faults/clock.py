"""A wall clock that is wrong for some programs only; what they measure by is right."""

import time
from pathlib import Path

from tests.faults.shim import Shim

NANOSECONDS = 1_000_000_000


class SkewedClock:
    """Right until `set`. `folder` holds its library; every user must be able to pass it."""

    def __init__(self, folder: Path) -> None:
        self._shim = Shim("clock", folder)
        self._offset = 0

    def environment(self) -> dict[str, str]:
        """Variables for the programs that are to have this clock."""
        return self._shim.environment()

    def set(self, seconds: float) -> None:
        """From now on it runs so far ahead of the true time, or behind."""
        self._offset = round(seconds * NANOSECONDS)
        self._shim.steer(self._offset, 0)

    def freeze(self) -> None:
        """It stands still at what it shows now, until the next `set`."""
        self._shim.steer(self._offset, time.time_ns() + self._offset)
