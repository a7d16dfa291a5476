"""A disk that is slow, or fails, when some programs ask for their writes to be made safe."""

from pathlib import Path

from tests.faults.shim import Shim


class SlowDisk:
    """In order until told otherwise. `folder` is as for `SkewedClock`."""

    def __init__(self, folder: Path) -> None:
        self._shim = Shim("fsync", folder)

    def environment(self) -> dict[str, str]:
        """Variables for the programs that are to have this disk."""
        return self._shim.environment()

    def delay(self, seconds: float) -> None:
        """Every fsync and fdatasync takes so much longer from now on."""
        self._shim.steer(round(seconds * 1_000_000), 0)

    def fail(self, errno: int) -> None:
        """Every one fails with this error, as EIO."""
        self._shim.steer(0, errno)

    def heal(self) -> None:
        """It works again. (PostgreSQL does not: a failed fsync ends it.)"""
        self._shim.steer(0, 0)
