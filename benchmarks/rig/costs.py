"""CPU time of the contenders: what each of something costs, and whose processes use it."""

import asyncio
from collections.abc import Mapping

from benchmarks.rig.contender import Contender
from benchmarks.rig.contest import tell_ratio
from benchmarks.rig.figures import Report, median
from benchmarks.rig.processor import since

SETTLE_SECONDS = 0.5  # what answers leave behind is done by then: ends, read tables


async def used_now(contender: Contender) -> dict[str, float]:
    """CPU seconds so far, by role.

    In a thread: to find all processes of Threadlog takes 40 ms, in which no client would hear
    anything.
    """
    return await asyncio.to_thread(contender.cpu_seconds)


async def used_in_the_end(contender: Contender) -> dict[str, float]:
    """The same, once it has done what the answers that have just ended leave to do."""
    await asyncio.sleep(SETTLE_SECONDS)
    return await used_now(contender)


class Costs:
    """Of both contenders, round by round; the label names the unit."""

    def __init__(self, label: str, *, digits: int) -> None:
        self._label = label
        self._digits = digits
        self._found: dict[str, list[dict[str, float]]] = {}

    def add(
        self,
        contender: Contender,
        before: Mapping[str, float],
        after: Mapping[str, float],
        *,
        units: float,
    ) -> None:
        """A round of so many units, between two looks."""
        used = {role: seconds / units for role, seconds in since(before, after).items()}
        self._found.setdefault(contender.name, []).append(used)

    def tell(self, report: Report, *, most: float | None = None) -> None:
        """All processes together, the ratio, then Threadlog's roles: the median of each."""
        totals = {name: [sum(one.values()) for one in of] for name, of in self._found.items()}
        tell_ratio(report, self._label, totals, digits=self._digits, most=most)
        rounds = self._found["threadlog"]
        roles = {
            role: median([one[role] for one in rounds], digits=self._digits) for role in rounds[0]
        }
        report.fact(f"threadlog: {self._label}, by role", roles)
