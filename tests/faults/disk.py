"""A small disk that a test may fill."""

import errno
import subprocess
from pathlib import Path
from typing import Self

from tests.faults.missing import ToolIsMissing

BLOCK = bytes(1 << 16)


class SmallDisk:
    """An own file system of so many megabytes at `path`, for as long as the block lasts."""

    def __init__(self, path: Path, *, megabytes: int) -> None:
        self.path = path
        self._megabytes = megabytes
        self._ballast = path / "ballast"

    def __enter__(self) -> Self:
        self.path.mkdir(parents=True, exist_ok=True)
        options = f"size={self._megabytes}m,mode=755"
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.path)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            raise ToolIsMissing(
                "a small disk is a tmpfs, which only root may mount (in a container only with "
                f"--cap-add SYS_ADMIN): {done.stderr.strip()}"
            )
        return self

    def __exit__(self, *_: object) -> None:
        """Lazily, so that a process that has not ended yet keeps nobody."""
        subprocess.run(["umount", "--lazy", str(self.path)], check=True)

    def fill(self) -> int:
        """Take all space that is left; how many bytes that was. Repeatable."""
        before = self._size()
        with self._ballast.open("ab", buffering=0) as ballast:
            for size in (len(BLOCK), 1):
                try:
                    while True:
                        ballast.write(BLOCK[:size])
                except OSError as full:
                    if full.errno != errno.ENOSPC:
                        raise
        return self._size() - before

    def free(self) -> None:
        """Give the space back."""
        self._ballast.unlink(missing_ok=True)

    def _size(self) -> int:
        return self._ballast.stat().st_size if self._ballast.exists() else 0
