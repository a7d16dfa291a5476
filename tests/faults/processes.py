"""Freeze, thaw or kill whole families of processes at one moment, as a machine would."""

import contextlib
import time
from collections.abc import Callable, Iterable, Sequence

import psutil


def family(*roots: psutil.Process) -> list[psutil.Process]:
    """These processes and all below them that live, parents before their children."""
    found: dict[int, psutil.Process] = {}
    for root in roots:
        with contextlib.suppress(psutil.NoSuchProcess):
            for process in (root, *root.children(recursive=True)):
                if _lives(process):
                    found.setdefault(process.pid, process)
    return list(found.values())


def stop(*roots: psutil.Process) -> list[psutil.Process]:
    """SIGSTOP for each family, until it has no new members; whom to `resume`."""
    stopped: list[psutil.Process] = []
    while fresh := [process for process in family(*roots) if process not in stopped]:
        suspend(fresh)
        stopped += fresh
    return stopped


def suspend(processes: Sequence[psutil.Process], *, wait_seconds: float = 10.0) -> None:
    """SIGSTOP for these and nobody else, parents first. Returns when they stand still."""
    _each(processes, psutil.Process.suspend)
    _wait_while(_runs, processes, seconds=wait_seconds)


def resume(processes: Sequence[psutil.Process]) -> None:
    """SIGCONT, children first."""
    _each(reversed(processes), psutil.Process.resume)


def strike(processes: Sequence[psutil.Process]) -> int:
    """SIGKILL for these and nobody else, at one moment; how many lived. Waits for no end."""
    suspend(processes)
    return _each(processes, psutil.Process.kill)


def kill(*roots: psutil.Process, wait_seconds: float = 10.0) -> int:
    """SIGKILL for each family at one moment, when none of it can react; how many died.

    Returns when they have ended: what they held is free. To reap them is left to their parents.
    """
    stopped = stop(*roots)
    strike(stopped)
    _wait_while(_lives, stopped, seconds=wait_seconds)
    return len(stopped)


def _wait_while(
    holds: Callable[[psutil.Process], bool], processes: Sequence[psutil.Process], *, seconds: float
) -> None:
    deadline = time.monotonic() + seconds
    while left := [one for one in processes if holds(one)]:
        assert time.monotonic() < deadline, f"not within {seconds} s: {holds.__name__} of {left}"
        time.sleep(0.001)


def _lives(process: psutil.Process) -> bool:
    return _status(process) != psutil.STATUS_ZOMBIE


def _runs(process: psutil.Process) -> bool:
    return _status(process) not in (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE)


def _status(process: psutil.Process) -> str:
    try:
        return process.status() if process.is_running() else psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return psutil.STATUS_ZOMBIE


def _each(processes: Iterable[psutil.Process], do: Callable[[psutil.Process], None]) -> int:
    done = 0
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            do(process)
            done += 1
    return done
