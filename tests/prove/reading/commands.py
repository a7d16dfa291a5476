"""Commands of an operator as processes of their own, which may be killed."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, STDOUT, Process

from tests.prove.reading.site import Site


async def begin(site: Site, *words: str) -> Process:
    """`threadlog WORDS`, on the servers themselves."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "interfaces.cli", *words),
        env={**os.environ, **site.machines.environment, **site.variables},
        cwd=site.machines.code,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=PIPE,
        stderr=STDOUT,
        start_new_session=True,
    )


async def run(site: Site, *words: str) -> str:
    """What it printed. AssertionError when it did not end well."""
    process = await begin(site, *words)
    said, _ = await process.communicate()
    assert process.returncode == 0, f"{' '.join(words)}: {said.decode(errors='replace')[-1000:]}"
    return said.decode(errors="replace")
