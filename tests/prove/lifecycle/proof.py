"""`./do prove lifecycle`: all that can happen between a question and its answer, while things die.

Workers killed at each point of an answer, and at random ones; cancellations against endings; how
soon a provider and a tool are let go; fifty messages at once on a busy thread; results of
background tools that come early, late and twice. Within 8 minutes on two cores.
"""

import argparse
import asyncio
import secrets
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from random import Random

from tests.prove.lifecycle.agents import COUNTER
from tests.prove.lifecycle.busy import prove_busy
from tests.prove.lifecycle.chances import prove_chances
from tests.prove.lifecycle.counter import Counter
from tests.prove.lifecycle.deaths import prove_deaths
from tests.prove.lifecycle.everything import look_at_everything
from tests.prove.lifecycle.fleet import Fleet
from tests.prove.lifecycle.latency import prove_latency
from tests.prove.lifecycle.provider import TaggingServer
from tests.prove.lifecycle.races import prove_races
from tests.prove.lifecycle.results import prove_results
from tests.prove.lifecycle.scene import Scene
from tests.prove.lifecycle.streams import Streams
from tests.servers import connected
from tests.storm.figures import Figures

PRODUCT = Path(__file__).parents[3]
AGENTS = "tests.prove.lifecycle.agents"
PARTS: Mapping[str, Callable[[Scene], Awaitable[None]]] = {
    "deaths": prove_deaths,
    "latency": prove_latency,
    "busy": prove_busy,
    "results": prove_results,
    "races": prove_races,
    "chances": prove_chances,
}


def main(options: Sequence[str] = ()) -> int:
    """Exit code 0, or 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="./do prove lifecycle")
    parser.add_argument("--only", choices=PARTS, action="append")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--code", type=Path, default=PRODUCT, help="folder of another build")
    chosen = parser.parse_args(options)
    print(f"seed {chosen.seed}", flush=True)
    figures = Figures()
    asyncio.run(_prove(figures, chosen.only or list(PARTS), seed=chosen.seed, code=chosen.code))
    print(figures.markdown())
    if figures.all_kept:
        return 0
    print(f"run it again: ./do prove lifecycle --seed {chosen.seed}")
    return 1


async def _prove(figures: Figures, parts: Sequence[str], *, seed: int, code: Path) -> None:
    place = Path(tempfile.mkdtemp(prefix="threadlog-lifecycle-", dir="/tmp"))
    place.chmod(0o755)
    with TaggingServer() as provider, Counter() as counter:
        variables = {
            **provider.environment,
            COUNTER: counter.url,
            "THREADLOG_AGENTS": f"{AGENTS}:handy,{AGENTS}:thoughtful",
            "THREADLOG_MODEL": "openai-chat:gpt-5",
            "THREADLOG_DRAIN_SECONDS": "1",
            "PYTHONPATH": str(PRODUCT),  # the agents are ours, whatever the build
        }
        fleet = Fleet(place, environment=variables, code=code)
        try:
            await fleet.start()
            async with (
                fleet.client() as client,
                connected(fleet.postgres.owner_url) as connection,
            ):
                scene = Scene(
                    fleet,
                    client,
                    provider,
                    counter,
                    Streams(connection),
                    figures,
                    Random(seed),
                )
                for name in parts:
                    began = time.monotonic()
                    print(f"\n## {name}", flush=True)
                    try:
                        await PARTS[name](scene)
                    except AssertionError as error:  # so broken that it could not end
                        figures.equal(f"{name} came to its end", f"no: {error}"[:300], "yes")
                    print(f"({time.monotonic() - began:.0f} s)", flush=True)
            print("\n## everything that was written", flush=True)
            await look_at_everything(scene)
        finally:
            if fleet.keepers:
                await fleet.stop()
            fleet.erase()
    if figures.all_kept:
        shutil.rmtree(place)
    else:
        print(f"what the processes said is in {place}")
