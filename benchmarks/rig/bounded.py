"""Runs a measurement within its time."""

import asyncio
from collections.abc import Awaitable, Callable

from benchmarks.rig.figures import Report

MOST_SECONDS = 230.0


def measured(
    measure: Callable[[Report], Awaitable[None]],
    *,
    title: str | None,
    most_seconds: float = MOST_SECONDS,
) -> int:
    """Measure and print; the exit code. AssertionError, TimeoutError when it cannot go on."""

    async def within_its_time() -> Report:
        report = Report(title or "")
        async with asyncio.timeout(most_seconds):
            await measure(report)
        return report

    report = asyncio.run(within_its_time())
    report.show()
    return 1 if report.wrong else 0
