"""How the read models stand: one line for each, or one object."""

import asyncio
import json
import time
from collections.abc import Sequence
from typing import Any

from infrastructure.event_log.reader import LogReader
from infrastructure.projecting.standing import Standing, look
from infrastructure.settings import Settings
from interfaces.cli import projections_run
from interfaces.cli.printable import one_line
from projections.projection import Projection

LOOK_SECONDS = 1.0  # between two looks, for the rate
STATE_CHARACTERS = 300
HEAD = ("name", "version", "position", "lag", "seconds", "rate", "state")


def show(settings: Settings, *, as_json: bool) -> int:
    """Look twice and print. Exit code 0, or 1 when the database cannot be asked."""
    projections = projections_run.known(settings)

    async def work(url: str) -> int:
        standings, rates = await _look_twice(url, projections)
        if as_json:
            for standing, rate in zip(standings, rates, strict=True):
                print(json.dumps(_object(standing, rate=rate)))
        else:
            _print(standings, rates)
        return 0

    return projections_run.run(settings, work)


async def _look_twice(
    url: str, projections: Sequence[Projection]
) -> tuple[list[Standing], list[float]]:
    """As they stand now, and positions per second."""
    async with LogReader(url, connections=1) as reader:
        before = {one.name: one for one in await look(reader.database, projections)}
        began = time.monotonic()
        await asyncio.sleep(LOOK_SECONDS)
        after = await look(reader.database, projections)
        seconds = time.monotonic() - began
    return after, [_moved(before.get(one.name), one) / seconds for one in after]


def _moved(before: Standing | None, after: Standing) -> int:
    return max(after.position - before.position, 0) if before else 0


def _print(standings: Sequence[Standing], rates: Sequence[float]) -> None:
    lines = [HEAD, *(map(_cells, standings, rates))]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for name, *numbers, state in lines:
        middle = (cell.rjust(width) for cell, width in zip(numbers, widths[1:-1], strict=True))
        print("  ".join([name.ljust(widths[0]), *middle, state]))


def _cells(standing: Standing, rate: float) -> tuple[str, ...]:
    return (
        standing.name,
        str(standing.shown.version if standing.shown else "-"),
        f"{standing.position:,}",
        f"{standing.lag:,}",
        f"{standing.waiting_seconds:.1f}",
        f"{rate:,.0f}/s",
        one_line(standing.state, characters=STATE_CHARACTERS),
    )


def _object(standing: Standing, *, rate: float) -> dict[str, Any]:
    shown, making = standing.shown, standing.making
    return {
        "name": standing.name,
        "version": shown.version if shown else None,
        "code_version": standing.code_version,
        "position": standing.position,
        "last_position": standing.last,
        "lag_events": standing.lag,
        "lag_seconds": round(standing.waiting_seconds, 3),
        "rate": round(rate, 1),
        "state": standing.state,
        "paused": shown.paused if shown else False,
        "stopped_at": shown.stopped_at if shown else None,
        "error": shown.error if shown else None,
        "projector_leads": standing.leads,
        "making": None
        if making is None
        else {
            "version": making.version,
            "position": making.position,
            "done": round(standing.made or 0.0, 4),
            "in_work": standing.in_work,
            "stopped_at": making.stopped_at,
            "error": making.error,
        },
    }
