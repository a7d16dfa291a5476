"""Stops every process of a PostgreSQL server for a while, as a hung machine would."""

import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from infrastructure.embedded import EmbeddedPostgres
from infrastructure.event_log.connection import connected


def postmaster(server: EmbeddedPostgres) -> int:
    """The process that makes all others."""
    return int((server.data / "postmaster.pid").read_text().split("\n", 1)[0])


async def _processes(server: EmbeddedPostgres) -> list[int]:
    """The postmaster first, so that it makes no new ones."""
    first = postmaster(server)
    async with connected(server.owner_url) as superuser:
        os.kill(first, signal.SIGSTOP)
        rows = await superuser.fetch("SELECT pid FROM pg_stat_activity")
    return [first, *(row[0] for row in rows)]


@asynccontextmanager
async def frozen(server: EmbeddedPostgres) -> AsyncGenerator[None]:
    """SIGSTOP on the way in, SIGCONT on the way out."""
    stopped = await _processes(server)
    for pid in stopped:
        _signal(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in reversed(stopped):
            _signal(pid, signal.SIGCONT)


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):  # the back end that named the others has left meanwhile
        os.kill(pid, number)
