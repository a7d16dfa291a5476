"""Lock files: the kernel frees a lock however the process that holds it dies."""

import fcntl
import os
from pathlib import Path
from typing import BinaryIO


def open_lock(path: Path) -> BinaryIO:
    """Open the file, mode 0600; closing it, here and where it was inherited, frees its lock."""
    return open(path, "a+b", opener=private)


def try_share(file: BinaryIO) -> bool:
    """Hold the lock together with others; False while somebody holds it alone."""
    return _try(file, fcntl.LOCK_SH)


def try_lock(file: BinaryIO) -> bool:
    """Hold the lock alone; False while anybody holds it."""
    return _try(file, fcntl.LOCK_EX)


def is_shared(file: BinaryIO) -> bool:
    """Do others hold the lock together? Afterwards this file may hold it, until it is closed.

    The third look is for whoever held it alone at the first and was gone at the second.
    """
    return not try_lock(file) and try_share(file) and not try_lock(file)


def wait_for_lock(file: BinaryIO) -> None:
    fcntl.flock(file, fcntl.LOCK_EX)


def private(path: str, flags: int) -> int:
    """For `open`: a file that it makes has the mode 0600."""
    return os.open(path, flags, 0o600)


def _try(file: BinaryIO, operation: int) -> bool:
    try:
        fcntl.flock(file, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
