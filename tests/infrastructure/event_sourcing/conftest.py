"""An empty log for each test, and what the library's test modules import."""

from collections.abc import Iterator

import pytest

from infrastructure.embedded import EmbeddedPostgres
from tests.infrastructure.event_log.databases import LogDatabase
from tests.infrastructure.event_sourcing.databases import Databases
from tests.infrastructure.event_sourcing.stand_ins import put_in_place

put_in_place()


@pytest.fixture(scope="session")
def databases(postgres: EmbeddedPostgres) -> Iterator[Databases]:
    """Logs on this run's server."""
    with Databases(postgres) as databases:
        yield databases


@pytest.fixture
def log(databases: Databases) -> LogDatabase:
    """An empty log with the schema `eventsourcing`."""
    return databases.empty()
