"""A log of its own for each test."""

from collections.abc import AsyncGenerator

import pytest

from infrastructure.embedded import EmbeddedPostgres
from tests.infrastructure.event_log.databases import empty_log
from tests.infrastructure.worker.runs import Runs, runs_on


@pytest.fixture
async def runs(postgres: EmbeddedPostgres) -> AsyncGenerator[Runs]:
    database = await empty_log(postgres)
    async with runs_on(database.url) as runs:
        yield runs
