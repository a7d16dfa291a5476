"""Processes that start before their database: they wait, say so, and then serve."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import httpx2
import pytest

from tests.faults.links import Links
from tests.system.stack import KEY, Stack, eventually, free_port

pytestmark = pytest.mark.usefixtures("healed")


@asynccontextmanager
async def role(name: str, **variables: str) -> AsyncGenerator[asyncio.subprocess.Process]:
    """`threadlog ROLE`, what it says on its output."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "interfaces.cli", name),
        env={**os.environ, "THREADLOG_ALLOW_UNSAFE_DATABASE": "true", **variables},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def said(process: asyncio.subprocess.Process, words: str) -> str:
    """The line with these words, once it comes."""
    assert process.stdout is not None
    async with asyncio.timeout(60):
        async for line in process.stdout:
            if words in line.decode():
                return line.decode()
    raise AssertionError(f"it ended with {await process.wait()} and never said {words!r}")


async def test_an_api_waits_for_a_database_that_is_away(
    stack: Stack, links: Links, urls: tuple[str, str]
) -> None:
    port = free_port()
    variables = {
        **links.environment(urls[0]),
        "THREADLOG_PORT": str(port),
        "THREADLOG_API_KEY": KEY,
    }
    links.postgres.shut()
    async with role("api", **variables) as api:
        await said(api, "waiting for PostgreSQL")
        await links.postgres.heal()
        async with httpx2.AsyncClient() as http:

            async def serves() -> bool:
                try:
                    return (await http.get(f"http://127.0.0.1:{port}/readyz")).is_success
                except httpx2.TransportError:
                    return False

            await eventually(serves, seconds=30)
    await stack.ready()


async def test_a_login_that_is_refused_is_told_at_once(urls: tuple[str, str]) -> None:
    url = urls[0].replace("/test_", "/no_such_")
    async with role("worker", THREADLOG_DATABASE_URL=url, THREADLOG_REDIS_URL="unix:///x") as it:
        assert "does not exist" in await said(it, "threadlog worker: PostgreSQL says:")
        assert await it.wait() == 1
