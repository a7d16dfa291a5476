"""Conversations worth looking into, and auditors who have said why."""

import pytest

from tests.interfaces.admin.inside.looking import REASON
from tests.interfaces.admin.visitors import Visitor
from tests.interfaces.http.audits import Told, told
from tests.interfaces.http.house import House


@pytest.fixture
async def seen(house: House, user: Visitor) -> Told:
    """A conversation of `user` that was answered once."""
    return await told(house, user.api)


@pytest.fixture
async def reading(auditor: Visitor) -> Visitor:
    """An auditor who has given a reason."""
    answer = await auditor.send("/_admin/audit/reason", {"reason": REASON})
    assert answer.status_code == 303
    return auditor
