"""The projector is killed again and again while people talk; then its tables are made again."""

import asyncio

import psutil

from tests.prove.reading.site import Site
from tests.storm.tables import live_tables, rebuilt_tables

ALIVE_SECONDS = (0.6, 1.4)  # of a projector, its start included


async def prove_kills(site: Site, *, kills: int) -> None:
    """Each event is applied once, whatever dies when."""
    figures, machines = site.figures, site.machines
    struck = 0
    async with site.readers() as seen:
        while struck < kills:
            await asyncio.sleep(site.random.uniform(*ALIVE_SECONDS))
            pid = machines.keepers["projector"].pid
            if pid is not None:
                psutil.Process(pid).kill()
                struck += 1
    figures.tell("requests meanwhile", seen.requests)
    late = [failed for failed in seen.failed if "not-shown-yet" in failed]
    figures.tell("of them told that the tables are behind (503)", len(late))
    figures.equal("of them failed otherwise", len(seen.failed) - len(late), 0)
    for failed in [one for one in seen.failed if one not in late][:5]:
        print(f"    {failed}")
    live = await live_tables(machines.postgres.owner_url)
    figures.equal("projectors killed (-9)", struck, kills)
    again = await rebuilt_tables(machines.postgres.url, machines.postgres.owner_url)
    for table, rows in live.items():
        figures.equal(f"read.{table}, made again", again[table], rows)
