"""A file that is being written: hashed as it grows, and named only once it is whole."""

import os
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

UNFINISHED = ".part"


class PartFile:
    """Takes bytes in order. Raises OSError when the disk is full. Also what pyarrow writes to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._unfinished = path.with_name(path.name + UNFINISHED)
        self._unfinished.parent.mkdir(exist_ok=True)
        self._file = self._unfinished.open("wb")
        self._hash = sha256()
        self.bytes = 0

    def write(self, data: bytes) -> int:
        """Add to the end."""
        self._hash.update(data)
        self._file.write(data)
        self.bytes += len(data)
        return len(data)

    def tell(self) -> int:
        """How much there is."""
        return self.bytes

    def flush(self) -> None:
        """For pyarrow: what counts is `settle`."""

    @property
    def closed(self) -> bool:
        """For pyarrow."""
        return self._file.closed

    @property
    def sha256(self) -> str:
        """Of all that was written."""
        return self._hash.hexdigest()

    def settle(self) -> None:
        """Everything is on the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def publish(self) -> None:
        """Give it its name, after `settle`."""
        self._unfinished.replace(self.path)
        fsync_folder(self.path.parent)
        fsync_folder(self.path.parent.parent)

    def discard(self) -> None:
        """It never was. Safe to repeat."""
        with suppress(OSError):  # what was still to be written has no room either
            self._file.close()
        self._unfinished.unlink(missing_ok=True)


def fsync_folder(path: Path) -> None:
    """The names in it are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
