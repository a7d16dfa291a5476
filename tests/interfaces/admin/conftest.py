"""Browsers, without a screen, in which people are signed in."""

import pytest

from tests.interfaces.admin.visitors import Visitor, visiting
from tests.interfaces.http.house import House


@pytest.fixture
async def user(house: House) -> Visitor:
    return await visiting(house)


@pytest.fixture
async def admin(house: House) -> Visitor:
    return await visiting(house, "admin")


@pytest.fixture
async def auditor(house: House) -> Visitor:
    return await visiting(house, "auditor")
