"""What every role's process does alike: title, log lines, signals, and leaving with its parent."""

import asyncio
import contextlib
import gc
import logging
import os
import resource
import signal
import sys
import threading

from setproctitle import setproctitle

GARBAGE_OBJECTS = 10_000
MOST_FILES = 65_536
MACOS_FILES = 10_240  # which it always allows


class CannotStart(Exception):
    """A setting names something that is not there; the message says which."""


def begin(role: str, *, log_level: str, with_parent: bool) -> None:
    """Name the process and its log lines; with a parent, leave when the parent is gone."""
    setproctitle(f"threadlog {role}")
    logging.basicConfig(
        level=log_level.upper(),
        stream=sys.stderr,
        format=f"%(asctime)s %(levelname)s threadlog {role}[{os.getpid()}] %(name)s: %(message)s",
    )
    for chatty in ("taskiq", "httpx2"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    _allow_many_files()
    if with_parent:
        threading.Thread(target=_leave_with_parent, daemon=True).start()


def _allow_many_files() -> None:
    """Each stream is one; most systems allow 1,024 to who does not ask for more."""
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    for files in (MOST_FILES, MACOS_FILES):
        wanted = files if most == resource.RLIM_INFINITY else min(most, files)
        if resource.RLIM_INFINITY != allowed < wanted:
            with contextlib.suppress(ValueError, OSError):  # another ceiling: kern.maxfilesperproc
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
                return


def settle() -> None:
    """What has been made so far stays: collections of garbage need not look at it again.

    Call it when the process is ready. The libraries alone are 200,000 objects: each full collection
    over them would stop all streams for a tenth of a second or more. The young are looked at less
    often than usual, too: at 700 objects, Python's default, a batch of events is looked at for
    nothing many times.
    """
    gc.freeze()
    gc.set_threshold(GARBAGE_OBJECTS, 10, 10)


def finish_event() -> asyncio.Event:
    """Set by the first SIGTERM or SIGINT. Call it on the event loop."""
    finish = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, finish.set)
    return finish


def _leave_with_parent() -> None:
    """The parent holds the other end of our standard input, however it dies."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
