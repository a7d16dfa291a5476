"""`verify` of the tables of record as a process of its own, which can be killed: `… URL`."""

import asyncio
import sys
from asyncio.subprocess import Process
from pathlib import Path

from infrastructure.projecting.verifying import verify
from projections.record import RECORD

ROOT = Path(__file__).parents[2]


async def verifying_process(url: str) -> Process:
    """Started, not waited for."""
    module = "tests.infrastructure.verifying_process"
    return await asyncio.create_subprocess_exec(sys.executable, "-m", module, url, cwd=ROOT)


if __name__ == "__main__":
    asyncio.run(verify(sys.argv[1], RECORD))
