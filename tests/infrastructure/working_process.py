"""`rebuild` or `verify` of the tables of record as a process that can be killed: `… WORK URL`."""

import asyncio
import sys
from asyncio.subprocess import Process
from pathlib import Path

from infrastructure.projecting.swapping import rebuild
from infrastructure.projecting.verifying import verify
from projections.record import RECORD

ROOT = Path(__file__).parents[2]


async def working_process(work: str, url: str) -> Process:
    """Started, not waited for."""
    module = "tests.infrastructure.working_process"
    return await asyncio.create_subprocess_exec(sys.executable, "-m", module, work, url, cwd=ROOT)


async def _work(work: str, url: str) -> None:
    match work:
        case "rebuild":
            await rebuild(url, RECORD, actor="test")
        case _:
            await verify(url, RECORD)


if __name__ == "__main__":
    asyncio.run(_work(*sys.argv[1:]))
