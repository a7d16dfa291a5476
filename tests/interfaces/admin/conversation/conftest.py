"""Conversations that were held once for all tests of this folder."""

import pytest

from tests.interfaces.admin.conversation.talks import TALKS, Talk


@pytest.fixture(scope="session")
async def talks() -> dict[str, Talk]:
    """All of them, by their names."""
    return {name: await hold() for name, hold in TALKS.items()}
