"""`./do prove broken`: each invariant of the storms is broken by a build that deserves it.

A check that cannot fail proves nothing. So the product is copied and broken in one place, once for
each invariant, and a short storm over the copy must find just that.
"""

import argparse
import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from tests.faults.missing import ToolIsMissing
from tests.prove.faults import storm
from tests.storm.builds import BUILDS, PRODUCT, Build, Weather, make
from tests.storm.invariants import INVARIANTS
from tests.storm.storm import Strength

GENTLE = Strength(seed=0, seconds=14, conversations=10, hands=1, patience_seconds=15)
AT_ONCE = 3
TRIES = 3  # a fault has to meet its moment


def main(options: Sequence[str] = ()) -> int:
    """Exit code 0 when every build was found out, by the invariants that it is meant for."""
    parser = argparse.ArgumentParser(prog="./do prove broken")
    names = [name for build in BUILDS for name in build.caught_by]
    parser.add_argument("--only", choices=names)
    chosen = parser.parse_args(options)
    builds = [build for build in BUILDS if chosen.only in (None, *build.caught_by)]
    print("| what is broken | meant for | storms | also broken |\n|---|---|---:|---|", flush=True)
    try:
        found = asyncio.run(_storms(builds))
    except ToolIsMissing as missing:
        print(missing)
        return 1
    unbroken = {check.__name__ for check in INVARIANTS} - set(names)
    assert not unbroken, f"no build breaks {unbroken}"
    return 0 if all(found) else 1


async def _storms(builds: Sequence[Build]) -> list[bool]:
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(prove: Callable[[], Awaitable[bool]]) -> bool:
        async with turn:
            return await prove()

    controls = [partial(_is_clean, weather) for weather in {build.weather for build in builds}]
    broken = [partial(_is_found, build) for build in builds]
    return await asyncio.gather(*map(one, [*controls, *broken]))


async def _is_clean(weather: Weather) -> bool:
    """The control: in the same weather the product as it is breaks nothing. Prints it."""
    broken = await _storm(weather, PRODUCT, seed=1)
    names = ", ".join(fault.name for fault in weather.faults) or "no fault"
    print(f"| nothing ({names}) | – | 1 | {', '.join(sorted(broken))} |", flush=True)
    return not broken


async def _is_found(build: Build) -> bool:
    """Up to TRIES storms; prints what they have found together."""
    wanted = set(build.caught_by)
    with tempfile.TemporaryDirectory(prefix="threadlog-build-", dir="/tmp") as folder:
        make(build, Path(folder))
        seed, broken = 0, set[str]()
        while not wanted <= broken and seed < TRIES:
            seed += 1
            broken |= await _storm(build.weather, Path(folder), seed=seed)
    needed = f"{seed}" if wanted <= broken else "**not found**"
    others = ", ".join(sorted(broken - wanted))
    print(f"| {build.says} | {', '.join(build.caught_by)} | {needed} | {others} |", flush=True)
    return wanted <= broken


async def _storm(weather: Weather, code: Path, *, seed: int) -> set[str]:
    strength = replace(GENTLE, seed=seed, pause_seconds=weather.pause_seconds)
    try:
        outcome = await storm(
            weather.kind, weather.faults, strength=strength, code=code, keep=False
        )
    except AssertionError as error:  # so broken that the storm itself could not end
        return {f"({error})"}
    return set(outcome.violations)
