"""Read models are made again and rolled back while people read; rebuilds are killed."""

import asyncio
import time

from infrastructure.tasks import end
from projections.registry import BUILT_IN
from tests.prove.reading.commands import begin, run
from tests.prove.reading.site import Site
from tests.servers import connected
from tests.storm.tables import live_tables

WARM_SECONDS = 5.0
KILLS = 10
SLOTS = "SELECT name || ' ' || slot AS name FROM threadlog.projections WHERE active ORDER BY 1"
REACHED = """
SELECT coalesce(max(position), 0) FROM threadlog.projections WHERE name = 'record' AND NOT active
"""


async def prove_rebuilds(site: Site) -> None:
    """0 failed requests while every read model is swapped again and again."""
    before = await _slots(site)
    async with site.readers() as seen:
        await asyncio.sleep(WARM_SECONDS)
        at_rest, seen.slowest_seconds = seen.slowest_seconds, 0.0
        began = time.monotonic()
        for projection in BUILT_IN:
            await run(site, "projections", "rebuild", projection.name)
        after = await _slots(site)
        for projection in BUILT_IN:
            await run(site, "projections", "rollback", projection.name)
            await run(site, "projections", "verify", projection.name)
            await run(site, "projections", "rebuild", projection.name)
        seconds = time.monotonic() - began
    figures = site.figures
    swaps = 3 * len(BUILT_IN)
    figures.tell("rebuilds and rollbacks while people read", f"{swaps} in {seconds:.0f} s")
    figures.equal(
        "read models that readers see elsewhere", len(set(after) - set(before)), len(BUILT_IN)
    )
    figures.at_least("requests meanwhile", seen.requests, 200)
    figures.equal("of them failed", len(seen.failed), 0)
    for failed in seen.failed[:5]:
        print(f"    {failed}")
    figures.tell("the slowest request", f"{seen.slowest_seconds:.2f} s ({at_rest:.2f} s at rest)")
    await _killed(site)


async def _killed(site: Site) -> None:
    """A rebuild is killed at ten moments; each one after goes on, or begins again."""
    live = await live_tables(site.machines.postgres.owner_url)
    reached: list[int] = []
    for _ in range(KILLS):
        process = await begin(site, "projections", "rebuild", "record")
        reading = asyncio.create_task(process.communicate())
        await asyncio.sleep(site.random.uniform(0.5, 2.5))
        if process.returncode is None:
            process.kill()
        await reading
        reached.append(await _reached(site))
        await end({reading})
    await run(site, "projections", "rebuild", "record")
    again = await live_tables(site.machines.postgres.owner_url)
    site.figures.tell("rebuilds killed at these positions", " ".join(map(str, reached)))
    site.figures.equal("tables that differ after them", _different(live, again), 0)


async def _reached(site: Site) -> int:
    async with connected(site.machines.postgres.owner_url) as connection:
        found: int = await connection.fetchval(REACHED)
        return found


async def _slots(site: Site) -> list[str]:
    async with connected(site.machines.postgres.owner_url) as connection:
        return [row["name"] for row in await connection.fetch(SLOTS)]


def _different(one: dict[str, str], other: dict[str, str]) -> int:
    return sum(one[table] != other[table] for table in one)
