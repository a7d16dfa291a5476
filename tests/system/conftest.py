"""One running Threadlog for the tests of a process, talking to the tests' own model provider."""

import tempfile
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest

from infrastructure.embedded import EmbeddedPostgres, EmbeddedValkey
from tests.faults.links import Links, links_to
from tests.model_server import ModelServer
from tests.servers import new_database
from tests.system.client import Client, connected
from tests.system.stack import KEY, Stack, running


@pytest.fixture(scope="session")
def provider() -> Generator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture(scope="session")
async def links(postgres: EmbeddedPostgres, valkey: EmbeddedValkey) -> AsyncGenerator[Links]:
    with tempfile.TemporaryDirectory(prefix="threadlog-link-", dir="/tmp") as folder:
        links = links_to(postgres, valkey, folder=Path(folder))
        async with links.postgres, links.redis:
            yield links


@pytest.fixture
async def healed(links: Links) -> AsyncGenerator[None]:
    """What a test does to the links ends with it."""
    yield
    await links.heal()


@pytest.fixture(scope="session")
async def urls(postgres: EmbeddedPostgres) -> tuple[str, str]:
    """Of the stack's database, directly: as its login, and as superuser."""
    return await new_database(postgres)


@pytest.fixture(scope="session")
async def stack(
    urls: tuple[str, str], links: Links, provider: ModelServer
) -> AsyncGenerator[Stack]:
    """Two workers, on a database of its own; the model is the tests' provider."""
    url, owner_url = urls
    environment = {
        **provider.environment,
        **links.environment(url),
        "THREADLOG_OWNER_DATABASE_URL": owner_url,
        "THREADLOG_MODEL": "openai-chat:gpt-5",
        "THREADLOG_IDLE_TIMEOUT_SECONDS": "4",
    }
    async with running(environment) as stack:
        yield stack


@pytest.fixture
async def client(stack: Stack) -> AsyncGenerator[Client]:
    async with connected(stack.url, key=KEY) as client:
        yield client
