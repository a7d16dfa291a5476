"""One day for all guards: what it took is looked at from every side."""

import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from infrastructure.embedded import EmbeddedPostgres, EmbeddedValkey
from tests.guards.day import Day, spent
from tests.model_server import ModelServer
from tests.servers import serving


@pytest.fixture(scope="session")
def own_valkey() -> Generator[EmbeddedValkey]:
    """A server whose commands are all ours."""
    with serving(EmbeddedValkey) as server:
        yield server


@pytest.fixture(scope="session")
async def day(postgres: EmbeddedPostgres, own_valkey: EmbeddedValkey) -> Day:
    with (
        ModelServer() as provider,
        tempfile.TemporaryDirectory(prefix="threadlog-guards-", dir="/tmp") as folder,
    ):
        return await spent(Path(folder), postgres=postgres, valkey=own_valkey, provider=provider)
