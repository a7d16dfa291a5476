"""`./do prove broken`: each invariant of the storms is broken by a build that deserves it.

A check that cannot fail proves nothing. So the product is copied and broken in one place, once for
each invariant, and a short storm over the copy must find just that.
"""

import argparse
import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tests.faults.missing import ToolIsMissing
from tests.prove.faults import storm
from tests.storm.builds import BUILDS, Build, make
from tests.storm.invariants import INVARIANTS
from tests.storm.storm import Strength

GENTLE = Strength(
    seed=0, seconds=15, conversations=10, hands=1, pause_seconds=(1.5, 4.0), patience_seconds=20
)
AT_ONCE = 2
TRIES = 3  # a fault has to meet its moment


def main(options: Sequence[str] = ()) -> int:
    """Exit code 0 when every build was found out, by the invariant that it is meant for."""
    parser = argparse.ArgumentParser(prog="./do prove broken")
    parser.add_argument("--only", choices=[build.caught_by for build in BUILDS])
    chosen = parser.parse_args(options)
    builds = [build for build in BUILDS if chosen.only in (None, build.caught_by)]
    print("| what is broken | meant for | storms | also broken |\n|---|---|---:|---|", flush=True)
    try:
        found = asyncio.run(_storms(builds))
    except ToolIsMissing as missing:
        print(missing)
        return 1
    unbroken = {check.__name__ for check in INVARIANTS} - {build.caught_by for build in BUILDS}
    assert not unbroken, f"no build breaks {unbroken}"
    return 0 if all(found) else 1


async def _storms(builds: Sequence[Build]) -> list[bool]:
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(build: Build) -> bool:
        async with turn:
            return await _is_found(build)

    return await asyncio.gather(*map(one, builds))


async def _is_found(build: Build) -> bool:
    """Up to TRIES storms; prints what they have found."""
    with tempfile.TemporaryDirectory(prefix="threadlog-build-", dir="/tmp") as folder:
        make(build, Path(folder))
        seed, broken = 0, set[str]()
        while build.caught_by not in broken and seed < TRIES:
            seed += 1
            broken = await _storm(build, Path(folder), seed=seed)
    is_found = build.caught_by in broken
    others = ", ".join(sorted(broken - {build.caught_by}))
    needed = f"{seed}" if is_found else "**not found**"
    print(f"| {build.says} | {build.caught_by} | {needed} | {others} |", flush=True)
    return is_found


async def _storm(build: Build, code: Path, *, seed: int) -> set[str]:
    try:
        outcome = await storm(
            build.kind, build.faults, strength=replace(GENTLE, seed=seed), code=code, keep=False
        )
    except AssertionError as error:  # so broken that the storm itself could not end
        return {f"({error})"}
    return set(outcome.violations)
