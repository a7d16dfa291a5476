"""Logs that are migrated once and emptied for each test; for code that blocks."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self, TypeVar

from infrastructure.embedded import EmbeddedPostgres
from tests.infrastructure.event_log.databases import EMPTY, LogDatabase, new_log
from tests.servers import connected

T = TypeVar("T")
# The last two are what docs/reading-the-log.md tells an administrator to do.
SCHEMA = """
DROP SCHEMA IF EXISTS eventsourcing CASCADE;
CREATE SCHEMA eventsourcing;
GRANT USAGE, CREATE ON SCHEMA eventsourcing TO threadlog_runtime;
"""


class Databases:
    """Works on a thread of its own, so that the loop of the tests is left alone."""

    def __init__(self, server: EmbeddedPostgres) -> None:
        self._server = server
        self._thread = ThreadPoolExecutor(1)
        self._logs: dict[str, LogDatabase] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Wait for it."""
        return self._thread.submit(asyncio.run, coroutine).result()

    def empty(self, name: str = "") -> LogDatabase:
        """The log of this name, empty, with an empty schema `eventsourcing`."""
        if name not in self._logs:
            self._logs[name] = self.run(new_log(self._server))
        self.as_superuser(self._logs[name], EMPTY + SCHEMA)
        return self._logs[name]

    def as_superuser(self, log: LogDatabase, sql: str) -> None:
        """Execute statements without arguments."""
        self.run(_execute(log.owner_url, sql))


async def _execute(url: str, sql: str) -> None:
    async with connected(url) as superuser:
        await superuser.execute(sql)
