"""A log without webhooks for each test."""

from collections.abc import AsyncGenerator

import pytest

from infrastructure.embedded import EmbeddedPostgres
from tests.infrastructure.webhooks.desk import Desk, empty_desk


@pytest.fixture
async def desk(postgres: EmbeddedPostgres) -> AsyncGenerator[Desk]:
    async with empty_desk(postgres) as desk:
        yield desk
