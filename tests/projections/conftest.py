"""Empty read tables on both PostgreSQL majors."""

from collections.abc import AsyncGenerator, Generator

import pytest

from infrastructure.embedded import EmbeddedPostgres
from tests.projections.story import Log, Story
from tests.projections.tables import Tables, migrated
from tests.servers import FAST, data_folder, erase, new_database


@pytest.fixture(scope="session", params=[16, 18])
def any_postgres(request: pytest.FixtureRequest) -> Generator[EmbeddedPostgres]:
    if request.param == request.config.getoption("--postgres-major"):
        yield request.getfixturevalue("postgres")
        return
    with data_folder() as folder:
        server = EmbeddedPostgres(folder, major=request.param, settings=FAST)
        try:
            server.start()
            yield server
        finally:
            erase(server)


@pytest.fixture(scope="session")
async def read_tables(any_postgres: EmbeddedPostgres) -> AsyncGenerator[Tables]:
    url, owner_url = await new_database(any_postgres)
    tables = await migrated(url, owner_url=owner_url)
    yield tables
    await tables.close()


@pytest.fixture
async def tables(read_tables: Tables) -> Tables:
    """Empty, with the checkpoint before the first event."""
    await read_tables.clear()
    return read_tables


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def story(log: Log) -> Story:
    """A thread that has just begun."""
    return Story(log).start()
