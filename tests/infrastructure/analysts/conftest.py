"""A house with generated conversations, and one that a test may change."""

from collections.abc import AsyncGenerator

import pytest

from infrastructure.embedded import EmbeddedPostgres
from tests.infrastructure.analysts.facts import Turn, events_of, turns
from tests.infrastructure.analysts.house import House, house_in


@pytest.fixture(scope="session")
def told() -> list[Turn]:
    """What is true of the conversations in `house`."""
    return turns()


@pytest.fixture(scope="session")
async def house(postgres: EmbeddedPostgres, told: list[Turn]) -> AsyncGenerator[House]:
    """Read only: many tests ask it."""
    async with house_in(postgres) as house:
        await house.tell(events_of(told))
        yield house


@pytest.fixture(scope="session")
async def analyst_url(house: House) -> str:
    """Of an analyst who may not read texts."""
    return await house.new_analyst()


@pytest.fixture
async def own_house(postgres: EmbeddedPostgres) -> AsyncGenerator[House]:
    """For one test."""
    async with house_in(postgres) as house:
        yield house
