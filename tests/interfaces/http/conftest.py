"""People who use the API."""

import pytest

from tests.interfaces.http.audits import Told, told
from tests.interfaces.http.house import House, Person


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
