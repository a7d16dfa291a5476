"""A rebuild of the tables of record as a process of its own, which can be killed: `… URL`."""

import asyncio
import sys
from asyncio.subprocess import Process
from pathlib import Path

from infrastructure.projecting.swapping import rebuild
from projections.record import RECORD

ROOT = Path(__file__).parents[2]


async def rebuilding_process(url: str) -> Process:
    """Started, not waited for."""
    module = "tests.infrastructure.rebuilding_process"
    return await asyncio.create_subprocess_exec(sys.executable, "-m", module, url, cwd=ROOT)


if __name__ == "__main__":
    asyncio.run(rebuild(sys.argv[1], RECORD, actor="test"))
