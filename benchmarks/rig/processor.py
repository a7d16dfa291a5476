"""CPU time of processes, by role."""

from collections.abc import Iterable, Mapping, Sequence

import psutil


def used_by(processes: Iterable[psutil.Process]) -> float:
    """Seconds so far, user and system."""
    return sum(times.user + times.system for times in (one.cpu_times() for one in processes))


def used_by_role(roles: Mapping[str, Sequence[psutil.Process]]) -> dict[str, float]:
    """Seconds so far of each role's processes."""
    return {role: used_by(processes) for role, processes in roles.items()}


def since(before: Mapping[str, float], now: Mapping[str, float]) -> dict[str, float]:
    """What each role has used between two looks."""
    return {role: round(used - before[role], 3) for role, used in now.items()}
