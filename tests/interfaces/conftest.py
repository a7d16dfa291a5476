"""A database and a running API for all tests of a process that speak HTTP."""

from collections.abc import AsyncGenerator

import pytest

from infrastructure.embedded import EmbeddedPostgres, EmbeddedValkey
from tests.interfaces.http.house import House, migrated_database, open_house


@pytest.fixture(scope="session")
async def database(postgres: EmbeddedPostgres) -> str:
    return await migrated_database(postgres)


@pytest.fixture(scope="session")
async def house(database: str, valkey: EmbeddedValkey) -> AsyncGenerator[House]:
    async with open_house(database, redis_url=valkey.url) as house:
        yield house


@pytest.fixture
async def private_house(
    postgres: EmbeddedPostgres, valkey: EmbeddedValkey
) -> AsyncGenerator[House]:
    """Whose webhooks may be on this machine."""
    url = await migrated_database(postgres)
    async with open_house(
        url, redis_url=valkey.url, projecting=False, private_webhooks=True
    ) as house:
        yield house
