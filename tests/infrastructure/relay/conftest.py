"""A database for this folder, and for each test a house with a hub on it."""

from collections.abc import AsyncIterator, Iterator

import pytest

from infrastructure.embedded import EmbeddedPostgres, EmbeddedValkey
from tests.infrastructure.relay.conversation import House, migrated_database, open_house
from tests.servers import serving


@pytest.fixture(scope="session")
async def database(postgres: EmbeddedPostgres) -> str:
    return await migrated_database(postgres)


@pytest.fixture
async def house(database: str, valkey: EmbeddedValkey) -> AsyncIterator[House]:
    async with open_house(database, redis_url=valkey.url) as house:
        yield house


@pytest.fixture(scope="session")
def own_valkey() -> Iterator[EmbeddedValkey]:
    """A server that a test may stop, flush or cut connections of."""
    with serving(EmbeddedValkey) as server:
        yield server


@pytest.fixture
async def shaky_house(database: str, own_valkey: EmbeddedValkey) -> AsyncIterator[House]:
    """On a Redis that the test may disturb."""
    own_valkey.start()
    async with open_house(database, redis_url=own_valkey.url) as house:
        yield house
    own_valkey.start()
