"""A PostgreSQL of a benchmark's own with an empty log in it, durable unless told otherwise."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import MappingProxyType

import psutil

from benchmarks.rig.processor import used_by
from infrastructure.embedded import EmbeddedPostgres
from infrastructure.migrations import migrate
from tests.servers import data_folder, erase, supervisor

DURABLE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class LogServer:
    """`url` is the run-time login's, `owner_url` the superuser's."""

    url: str
    owner_url: str
    watching: psutil.Process

    def cpu_seconds(self) -> float:
        """Used so far by all processes of the server, those that have ended included."""
        return used_by([self.watching, *self.watching.children(recursive=True)])


@asynccontextmanager
async def log_server(settings: Mapping[str, str] = DURABLE) -> AsyncGenerator[LogServer]:
    """Started and migrated; removed at the end. `settings` are PostgreSQL's own."""
    with data_folder() as folder:
        server = EmbeddedPostgres(folder, settings=settings)
        try:
            await asyncio.to_thread(server.start)
            await migrate(server.owner_url, server.url)
            yield LogServer(server.url, server.owner_url, supervisor(server))
        finally:
            await asyncio.to_thread(erase, server)
