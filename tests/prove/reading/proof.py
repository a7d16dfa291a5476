"""`./do prove reading`: the read side while it is made again, killed, and looked at all the time.

Every read model is rebuilt, rolled back, verified and swapped under people who read and write, with
no request failed; rebuilds and projectors are killed (-9), and the tables equal those made again
from the log, row for row. Senders and receivers of webhooks are killed: nothing is lost, and each
thread stays in order. Within 8 minutes on two cores.
"""

import argparse
import asyncio
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from random import Random

from tests.model_server import ModelServer
from tests.prove.reading.kills import prove_kills
from tests.prove.reading.rebuilds import prove_rebuilds
from tests.prove.reading.site import Site
from tests.storm.figures import Figures
from tests.storm.machines import Machines

PRODUCT = Path(__file__).parents[3]
CASES = Path(__file__).parent / "cases"
PARTS = ("webhooks", "rebuilds", "kills")


def main(options: Sequence[str] = ()) -> int:
    """Exit code 0, or 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="./do prove reading")
    parser.add_argument("--only", choices=PARTS, action="append")
    parser.add_argument("--kills", type=int, default=50, help="of the projector")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    chosen = parser.parse_args(options)
    print(f"seed {chosen.seed}", flush=True)
    figures = Figures()
    parts: Sequence[str] = chosen.only or PARTS
    if "webhooks" in parts:
        print("webhooks: senders, receivers and the database killed in mid-delivery", flush=True)
        command = [sys.executable, "-m", "pytest", str(CASES)]
        cases = subprocess.run(command, cwd=PRODUCT, check=False)
        figures.equal("exit code of those cases", cases.returncode, 0)
    if set(parts) - {"webhooks"}:
        asyncio.run(_prove(figures, parts, kills=chosen.kills, random=Random(chosen.seed)))
    print(figures.markdown())
    return 0 if figures.all_kept else 1


async def _prove(figures: Figures, parts: Sequence[str], *, kills: int, random: Random) -> None:
    place = Path(tempfile.mkdtemp(prefix="threadlog-reading-", dir="/tmp"))
    place.chmod(0o755)
    with ModelServer() as provider:
        variables = {**provider.environment, "THREADLOG_MODEL": "openai-chat:gpt-5"}
        machines = Machines(place, environment=variables, code=PRODUCT)
        site = Site(machines, figures, random)
        try:
            await machines.start()
            if "rebuilds" in parts:
                print("made again while people read", flush=True)
                await prove_rebuilds(site)
            if "kills" in parts:
                print(f"{kills} projectors killed while people talk", flush=True)
                await prove_kills(site, kills=kills)
            crashes = {name: one.crashes for name, one in machines.keepers.items() if one.crashes}
            figures.equal("processes that ended unasked", crashes or "none", "none")
        finally:
            if machines.keepers:
                await machines.stop()
            machines.erase()
    if figures.all_kept:
        shutil.rmtree(place)
    else:
        print(f"what the processes said is in {place}")
