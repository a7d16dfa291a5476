"""Runs a measurement within its time, and keeps what it found when that is asked for."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable

from benchmarks.rig.figures import Report
from benchmarks.rig.results import save

MOST_SECONDS = 230.0


def options(name: str, about: str | None) -> argparse.ArgumentParser:
    """The options of `python -m benchmarks NAME`; a benchmark adds its own."""
    parser = argparse.ArgumentParser(
        prog=f"python -m benchmarks {name}",
        description=about,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(benchmark=name, about=about)
    parser.add_argument(
        "--save", action="store_true", help="keep the figures in benchmarks/results/, for the docs"
    )
    return parser


def measured(
    measure: Callable[[Report], Awaitable[None]],
    given: argparse.Namespace,
    *,
    most_seconds: float = MOST_SECONDS,
) -> int:
    """Measure and print; `given` is what `options` made of the command line. The exit code.

    A goal that is missed does not change it (goals depend on the machine), a wrong result does.
    AssertionError, TimeoutError when it cannot go on.
    """

    async def within_its_time() -> Report:
        report = Report(given.about or "")
        async with asyncio.timeout(most_seconds):
            await measure(report)
        return report

    report = asyncio.run(within_its_time())
    report.show()
    if given.save and not report.wrong:
        save(given.benchmark, report)
    return 1 if report.wrong else 0
