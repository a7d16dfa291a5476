"""Fresh, migrated databases on both PostgreSQL majors, and servers that a test may break."""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass

import pytest

from infrastructure.embedded import EmbeddedPostgres
from infrastructure.event_log import RUNTIME
from infrastructure.event_log.connection import Connection, connected
from infrastructure.migrations import migrate
from tests.servers import FAST, data_folder, erase, new_database

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


@pytest.fixture(scope="session", params=[16, 18])
def any_postgres(request: pytest.FixtureRequest) -> Iterator[EmbeddedPostgres]:
    """What concerns the SQL itself is tested on the oldest and the newest major."""
    if request.param == request.config.getoption("--postgres-major"):
        yield request.getfixturevalue("postgres")
        return
    yield from _server(request.param)


@pytest.fixture(scope="session")
def breakable_postgres() -> Iterator[EmbeddedPostgres]:
    """A server apart from the others; it keeps what it has committed when it is killed."""
    yield from _server(18, settings={"fsync": "off"})


@pytest.fixture
def own_postgres(breakable_postgres: EmbeddedPostgres) -> EmbeddedPostgres:
    """A running server that a test may stop, freeze or kill."""
    breakable_postgres.start()
    return breakable_postgres


def _server(major: int, *, settings: Mapping[str, str] = FAST) -> Iterator[EmbeddedPostgres]:
    with data_folder() as folder:
        server = EmbeddedPostgres(folder, major=major, settings=settings)
        server.start()
        yield server
        erase(server)


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


@pytest.fixture
async def any_database(any_postgres: EmbeddedPostgres) -> LogDatabase:
    """An empty log on either major."""
    return await empty_log(any_postgres)


@pytest.fixture
async def database(postgres: EmbeddedPostgres) -> LogDatabase:
    """An empty log on the major of this run."""
    return await empty_log(postgres)


@pytest.fixture
async def runtime(any_database: LogDatabase) -> AsyncIterator[Connection]:
    """A connection as API and workers have it, on either major."""
    async with connected(any_database.url, role=RUNTIME) as connection:
        yield connection
