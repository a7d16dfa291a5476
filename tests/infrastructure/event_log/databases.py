"""Migrated databases, emptied for each test."""

from dataclasses import dataclass

from infrastructure.embedded import EmbeddedPostgres
from infrastructure.event_log.connection import connected
from infrastructure.migrations import migrate
from tests.servers import new_database

EMPTY = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid();
ALTER TABLE threadlog.chat_events DISABLE TRIGGER append_only;
DELETE FROM threadlog.chat_events;  -- four times as quick as TRUNCATE
DELETE FROM threadlog.open_runs;
DELETE FROM threadlog.workers;
DELETE FROM threadlog.blobs;
ALTER TABLE threadlog.chat_events ENABLE ALWAYS TRIGGER append_only;
"""


@dataclass(frozen=True)
class LogDatabase:
    """An empty log: `url` is the run-time login's, `owner_url` the superuser's."""

    url: str
    owner_url: str


_databases: dict[str, LogDatabase] = {}


async def new_log(server: EmbeddedPostgres) -> LogDatabase:
    """A database that has never held an event."""
    database = LogDatabase(*await new_database(server))
    await migrate(database.owner_url, database.url)
    return database


async def empty_log(server: EmbeddedPostgres) -> LogDatabase:
    """One database per server, emptied for each test: as superuser, for nobody else can."""
    if server.owner_url not in _databases:
        _databases[server.owner_url] = await new_log(server)
    database = _databases[server.owner_url]
    async with connected(database.owner_url) as superuser:
        await superuser.execute(EMPTY)
    return database
