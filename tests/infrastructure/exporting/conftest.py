"""An installation with a log and a view, empty for each test."""

import pytest

from infrastructure.embedded import EmbeddedPostgres
from infrastructure.event_log.connection import connected
from tests.infrastructure.event_log.databases import EMPTY, LogDatabase, new_log
from tests.infrastructure.exporting.installation import NO_VIEW, VIEW, Installation


@pytest.fixture(scope="session")
async def export_database(postgres: EmbeddedPostgres) -> LogDatabase:
    return await new_log(postgres)


@pytest.fixture
async def installation(export_database: LogDatabase) -> Installation:
    """The view `sample`, which shows nothing yet."""
    async with connected(export_database.owner_url) as superuser:
        await superuser.execute(EMPTY + NO_VIEW + VIEW)
    return Installation(export_database)
