"""One running Threadlog for the tests of a process, talking to the tests' own model provider."""

from collections.abc import AsyncGenerator, Generator

import pytest

from infrastructure.embedded import EmbeddedPostgres, EmbeddedValkey
from tests.model_server import ModelServer
from tests.servers import new_database
from tests.system.client import Client, connected
from tests.system.stack import KEY, Stack, running


@pytest.fixture(scope="session")
def provider() -> Generator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture(scope="session")
async def stack(
    postgres: EmbeddedPostgres, valkey: EmbeddedValkey, provider: ModelServer
) -> AsyncGenerator[Stack]:
    """Two workers, on a database of its own; the model is the tests' provider."""
    url, owner_url = await new_database(postgres)
    environment = {
        **provider.environment,
        "THREADLOG_DATABASE_URL": url,
        "THREADLOG_OWNER_DATABASE_URL": owner_url,
        "THREADLOG_REDIS_URL": valkey.url,
        "THREADLOG_MODEL": "openai-chat:gpt-5",
        "THREADLOG_IDLE_TIMEOUT_SECONDS": "2",
    }
    async with running(environment) as stack:
        yield stack


@pytest.fixture
async def client(stack: Stack) -> AsyncGenerator[Client]:
    async with connected(stack.url, key=KEY) as client:
        yield client
