"""Empty read tables."""

from collections.abc import AsyncGenerator, Generator
from functools import partial

import pytest

from infrastructure.embedded import EmbeddedPostgres
from tests.projections.story import Log, Story
from tests.projections.tables import Tables, tables_in
from tests.servers import FAST, serving


@pytest.fixture(scope="session", params=[16, 18])
def any_postgres(request: pytest.FixtureRequest) -> Generator[EmbeddedPostgres]:
    """The oldest and the newest major."""
    if request.param == request.config.getoption("--postgres-major"):
        yield request.getfixturevalue("postgres")
        return
    with serving(partial(EmbeddedPostgres, major=request.param, settings=FAST)) as server:
        yield server


@pytest.fixture(scope="session")
async def read_tables(postgres: EmbeddedPostgres) -> AsyncGenerator[Tables]:
    async with tables_in(postgres) as tables:
        yield tables


@pytest.fixture(scope="session")
async def read_tables_of_any(any_postgres: EmbeddedPostgres) -> AsyncGenerator[Tables]:
    async with tables_in(any_postgres) as tables:
        yield tables


@pytest.fixture
async def tables(read_tables: Tables) -> Tables:
    """Empty, with the checkpoint before the first event."""
    await read_tables.clear()
    return read_tables


@pytest.fixture
async def any_tables(read_tables_of_any: Tables) -> Tables:
    """The same on either major."""
    await read_tables_of_any.clear()
    return read_tables_of_any


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def story(log: Log) -> Story:
    """A thread that has just begun."""
    return Story(log).start()
