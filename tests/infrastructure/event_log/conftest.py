"""Fresh, migrated databases on both PostgreSQL majors, and servers that a test may break."""

from collections.abc import AsyncIterator, Iterator, Mapping
from functools import partial

import pytest

from infrastructure.embedded import EmbeddedPostgres
from infrastructure.event_log import RUNTIME, GroupCommitWriter, LogReader
from infrastructure.event_log.connection import Connection, connected
from tests.infrastructure.event_log.appending import Commits, writer
from tests.infrastructure.event_log.databases import LogDatabase, empty_log
from tests.servers import FAST, serving


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
    with serving(partial(EmbeddedPostgres, major=major, settings=settings)) as server:
        yield server


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


@pytest.fixture
async def reader(database: LogDatabase) -> AsyncIterator[LogReader]:
    """Reads the log of this test."""
    async with LogReader(database.url) as reader:
        yield reader


@pytest.fixture
def commits() -> Commits:
    """What `log` says it has committed."""
    return Commits()


@pytest.fixture
async def log(database: LogDatabase, commits: Commits) -> AsyncIterator[GroupCommitWriter]:
    """The writer of a process."""
    async with writer(database.url, commits) as log:
        yield log
