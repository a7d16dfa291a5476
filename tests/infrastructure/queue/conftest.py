"""A queue of its own for each test, and a server that a test may disturb."""

from collections.abc import AsyncIterator, Iterator

import pytest

from infrastructure.embedded import EmbeddedValkey
from tests.infrastructure.queue.wake_ups import WakeUps
from tests.servers import serving


@pytest.fixture
async def wake_ups(valkey: EmbeddedValkey) -> AsyncIterator[WakeUps]:
    """On the server that all tests share."""
    async with WakeUps(valkey.url) as wake_ups:
        yield wake_ups


@pytest.fixture(scope="module")
def own_valkey() -> Iterator[EmbeddedValkey]:
    """A server that a test may stop, flush or cut connections of."""
    with serving(EmbeddedValkey) as server:
        yield server
