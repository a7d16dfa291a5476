"""CPU time and memory of processes."""

from collections.abc import Iterable, Mapping, Sequence

import psutil


def used_by(processes: Iterable[psutil.Process]) -> float:
    """Seconds so far, user and system, those of children that have ended included.

    So nothing is lost of a tree of processes that is given whole, whoever ends between two looks.
    """
    return sum(_used(one) for one in processes)


def used_by_role(roles: Mapping[str, Sequence[psutil.Process]]) -> dict[str, float]:
    """Seconds so far of each role's processes."""
    return {role: used_by(processes) for role, processes in roles.items()}


def since(before: Mapping[str, float], now: Mapping[str, float]) -> dict[str, float]:
    """What each role has used between two looks."""
    return {role: used - before[role] for role, used in now.items()}


def own_kilobytes(processes: Iterable[psutil.Process]) -> float:
    """Memory that they share with nobody (USS)."""
    return sum(process.memory_full_info().uss for process in processes) / 1000


def _used(process: psutil.Process) -> float:
    try:
        return sum(process.cpu_times()[:4])  # user, system, and both of ended children
    except psutil.NoSuchProcess:  # it has just ended; its parent has its time
        return 0.0
