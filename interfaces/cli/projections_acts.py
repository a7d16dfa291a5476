"""The acts of `threadlog projections`: make again, go back, compare, stand still, go on, skip."""

import argparse
import sys
import time
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from infrastructure.projecting import acts
from infrastructure.projecting.comparing import Compared, Fault
from infrastructure.projecting.swapping import rebuild, roll_back
from infrastructure.projecting.verifying import Sample, Verdict, verify
from infrastructure.settings import Settings
from interfaces.cli import projections_run
from interfaces.cli.operator import actor
from interfaces.cli.printable import one_line
from interfaces.cli.projections_progress import Shown
from projections.projection import Projection

KEY_CHARACTERS = 200

Act: TypeAlias = Callable[[str, Projection, argparse.Namespace], Awaitable[int]]


def act(settings: Settings, options: argparse.Namespace) -> int:
    """Exit code 0 done, 1 it failed or something differs, 2 asked wrongly."""
    projections = {one.name: one for one in projections_run.known(settings)}
    projection = projections.get(options.name)
    if projection is None:
        choices = ", ".join(projections)
        return projections_run.failed(f"there is no {options.name!r}, but {choices}", code=2)

    async def work(url: str) -> int:
        return await _ACTS[options.act](url, projection, options)

    return projections_run.run(settings, work)


async def _rebuild(url: str, projection: Projection, options: argparse.Namespace) -> int:
    del options
    shown, began = Shown(sys.stderr), time.monotonic()
    try:
        position = await rebuild(url, projection, actor=actor(), tell=shown)
    finally:
        shown.end()
    seconds = time.monotonic() - began
    told = f"readers see the tables made from the log through {position:,}, in {seconds:.1f} s"
    print(f"{projection.name}: {told}")
    return 0


async def _roll_back(url: str, projection: Projection, options: argparse.Namespace) -> int:
    del options
    shown = Shown(sys.stderr)
    try:
        position = await roll_back(url, projection, actor=actor(), tell=shown)
    finally:
        shown.end()
    print(f"{projection.name}: readers see the tables before, which are at {position:,}")
    return 0


async def _verify(url: str, projection: Projection, options: argparse.Namespace) -> int:
    shown = Shown(sys.stderr)
    percentage = options.sample or 100
    sample = Sample(percentage) if percentage < 100 else None
    try:
        verdict = await verify(url, projection, sample=sample, tell=shown)
    finally:
        shown.end()
    _print(
        projection.name, verdict, part=f", of {percentage:g} % of the threads," if sample else ""
    )
    return 0 if verdict.equal else 1


def _print(name: str, verdict: Verdict, *, part: str) -> None:
    told = "equal to the log" if verdict.equal else "NOT what the log makes"
    print(f"{name}: the rows through {verdict.position:,}{part} are {told}")
    for table in verdict.tables:
        print(f"  {table.table:24} {table.rows:>12,} rows  {_told(table)}")
        for fault in table.faults:
            print(f"    {_told_fault(fault)}")


def _told(table: Compared) -> str:
    if table.equal:
        return "equal"
    words = {"differs": "differ", "missing": "missing", "surplus": "surplus"}
    return ", ".join(f"{count:,} {words[kind]}" for kind, count in table.counts.items())


def _told_fault(fault: Fault) -> str:
    key = " ".join(f"{name}={value}" for name, value in fault.key.items())
    columns = f": {', '.join(fault.columns)}" if fault.columns else ""
    return f"{fault.kind} {one_line(key, characters=KEY_CHARACTERS)}{columns}"


async def _pause(url: str, projection: Projection, options: argparse.Namespace) -> int:
    del options
    changed = await acts.pause(url, projection.name, actor=actor())
    print(f"{projection.name}: {'stands still' if changed else 'is paused already'}")
    return 0


async def _resume(url: str, projection: Projection, options: argparse.Namespace) -> int:
    del options
    changed = await acts.resume(url, projection.name, actor=actor())
    print(f"{projection.name}: {'goes on' if changed else 'was not paused'}")
    return 0


async def _skip(url: str, projection: Projection, options: argparse.Namespace) -> int:
    position, reason = options.position, options.reason
    try:
        skipped = await acts.skip(
            url, projection.name, position=position, reason=reason, actor=actor()
        )
    except acts.StandsElsewhere as refusal:
        return projections_run.failed(f"{projection.name}: {refusal}", code=2)
    print(f"{projection.name}: passes over {position} within seconds, which was: {skipped.error}")
    return 0


_ACTS: dict[str, Act] = {
    "rebuild": _rebuild,
    "rollback": _roll_back,
    "verify": _verify,
    "pause": _pause,
    "resume": _resume,
    "skip": _skip,
}
