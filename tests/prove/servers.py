"""`./do prove servers`: several processes on servers of their own, restarted, cut off and stalled.

Starts at one moment on an empty database; a rolling restart under load; PostgreSQL gone for a
minute, frozen for half a minute, and Redis gone for a minute, while twenty answers run; five
hundred clients that do not read. Within 8 minutes on two quiet cores.
"""

import argparse
import asyncio
import hashlib
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from infrastructure.embedded import EmbeddedPostgres, EmbeddedValkey
from tests.model_server import ModelServer
from tests.servers import data_folder, erase
from tests.storm.evidence import Evidence, read_log
from tests.storm.figures import Figures
from tests.storm.invariants import INVARIANTS, much_has_happened, violations
from tests.storm.journal import Journal
from tests.storm.machines import Machines
from tests.storm.outages import prove_outages
from tests.storm.quiet import left_over
from tests.storm.rolling import Rolling
from tests.storm.stalled import prove_stalled
from tests.storm.starts import prove_starts
from tests.storm.tables import live_tables, rebuilt_tables

PRODUCT = Path(__file__).parents[2]
DRAIN_SECONDS = 2  # so that some answers are drained and some are handed over
PARTS = ("starts", "rolling", "outages", "stalled")


def main(options: Sequence[str] = ()) -> int:
    """Exit code 0, or 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="./do prove servers")
    parser.add_argument("--only", choices=PARTS, action="append")
    parser.add_argument(
        "--outage-seconds", type=float, default=60.0, help="PostgreSQL is frozen for half of them"
    )
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(options)
    parts: Sequence[str] = chosen.only or PARTS
    figures = Figures()
    if "starts" in parts:
        asyncio.run(_starts(figures))
    if set(parts) - {"starts"}:
        asyncio.run(
            _machines(figures, parts, seed=chosen.seed, outage_seconds=chosen.outage_seconds)
        )
    print(figures.markdown())
    return 0 if figures.all_kept else 1


async def _starts(figures: Figures) -> None:
    print("concurrent start and migration", flush=True)
    with data_folder() as folder:
        postgres, valkey = EmbeddedPostgres(folder), EmbeddedValkey(folder)
        try:
            await asyncio.to_thread(postgres.start)
            await asyncio.to_thread(valkey.start)
            await prove_starts(figures, postgres=postgres, valkey=valkey, place=folder.parent)
        finally:
            erase(postgres)
            erase(valkey)


async def _machines(
    figures: Figures, parts: Sequence[str], *, seed: int, outage_seconds: float
) -> None:
    """One deployment for all of it; what it has written is looked at in the end."""
    place = Path(tempfile.mkdtemp(prefix="threadlog-servers-", dir="/tmp"))
    place.chmod(0o755)
    journal = Journal()
    with ModelServer() as provider:
        variables = {
            **provider.environment,
            "THREADLOG_MODEL": "openai-chat:gpt-5",
            "THREADLOG_DRAIN_SECONDS": str(DRAIN_SECONDS),
        }
        machines = Machines(place, environment=variables, code=PRODUCT)
        try:
            await machines.start()
            rolling = Rolling(machines, journal, seed=seed) if "rolling" in parts else None
            if rolling:
                print("rolling restart of all processes under load", flush=True)
                await rolling.prove(figures)
            if "outages" in parts:
                print(f"{outage_seconds:.0f} s without PostgreSQL, and without Redis", flush=True)
                await prove_outages(figures, machines, seconds=outage_seconds)
            if "stalled" in parts:
                print("clients that do not read", flush=True)
                await prove_stalled(figures, machines, journal)
            await _look_at_everything(figures, machines, provider, journal, rolling)
        finally:
            if machines.keepers:
                await machines.stop()
            machines.erase()
    if figures.all_kept:
        shutil.rmtree(place)
    else:
        print(f"what the processes said is in {place}")


async def _look_at_everything(
    figures: Figures,
    machines: Machines,
    provider: ModelServer,
    journal: Journal,
    rolling: Rolling | None,
) -> None:
    print("everything that was written", flush=True)
    left = await left_over(machines, provider)
    live = await live_tables(machines.postgres.owner_url)
    left += await machines.stop()
    evidence = Evidence(
        events=await read_log(machines.postgres.owner_url),
        journal=journal,
        live_tables=live,
        rebuilt_tables=await rebuilt_tables(machines.postgres.url, machines.postgres.owner_url),
        requests=[hashlib.sha256(one.body).hexdigest() for one in provider.exchanges],
        left_over=left,
    )
    if rolling:
        rolling.tell_answers(figures, evidence)
    figures.tell("events", len(evidence.events))
    found = violations(evidence)
    if rolling is None:
        found.pop(much_has_happened.__name__, None)  # no guest has talked
    held = len(INVARIANTS) - len(found)
    figures.equal("invariants that hold", held, len(INVARIANTS))
    for name, lines in found.items():
        print(f"    BROKEN {name}: {len(lines)} times")
        for line in lines[:5]:
            print(f"        {line[:500]}")
