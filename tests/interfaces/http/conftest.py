"""A database and a running API for this folder, and people who use it."""

from collections.abc import AsyncGenerator

import pytest

from infrastructure.embedded import EmbeddedPostgres, EmbeddedValkey
from tests.interfaces.http.audits import Told, told
from tests.interfaces.http.house import House, Person, migrated_database, open_house


@pytest.fixture(scope="session")
async def database(postgres: EmbeddedPostgres) -> str:
    return await migrated_database(postgres)


@pytest.fixture(scope="session")
async def house(database: str, valkey: EmbeddedValkey) -> AsyncGenerator[House]:
    async with open_house(database, redis_url=valkey.url) as house:
        yield house


@pytest.fixture
async def user(house: House) -> Person:
    return await house.person()


@pytest.fixture
async def auditor(house: House) -> Person:
    return await house.person("auditor")


@pytest.fixture
async def seen(house: House, user: Person) -> Told:
    """A thread of `user` that was answered once."""
    return await told(house, user)
