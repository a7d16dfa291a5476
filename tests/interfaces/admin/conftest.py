"""A running API for this folder, and browsers, without a screen, in which people are signed in."""

from collections.abc import AsyncGenerator

import pytest

from infrastructure.embedded import EmbeddedPostgres, EmbeddedValkey
from tests.interfaces.admin.visitors import Visitor, visiting
from tests.interfaces.http.house import House, migrated_database, open_house


@pytest.fixture(scope="session")
async def database(postgres: EmbeddedPostgres) -> str:
    return await migrated_database(postgres)


@pytest.fixture(scope="session")
async def house(database: str, valkey: EmbeddedValkey) -> AsyncGenerator[House]:
    async with open_house(database, redis_url=valkey.url) as house:
        yield house


@pytest.fixture
async def user(house: House) -> Visitor:
    return await visiting(house)


@pytest.fixture
async def admin(house: House) -> Visitor:
    return await visiting(house, "admin")


@pytest.fixture
async def auditor(house: House) -> Visitor:
    return await visiting(house, "auditor")
