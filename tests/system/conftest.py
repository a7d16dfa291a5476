"""One running Threadlog for the tests of a process, talking to the tests' own model provider."""

import tempfile
from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from infrastructure.embedded import EmbeddedPostgres, EmbeddedValkey
from tests.model_server import ModelServer
from tests.servers import new_database
from tests.system.client import Client, connected
from tests.system.gate import Gate
from tests.system.stack import KEY, Stack, running


@dataclass(frozen=True)
class Gates:
    """The ways from Threadlog to its servers."""

    postgres: Gate
    redis: Gate


@pytest.fixture(scope="session")
def provider() -> Generator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture(scope="session")
async def gates(postgres: EmbeddedPostgres, valkey: EmbeddedValkey) -> AsyncGenerator[Gates]:
    with tempfile.TemporaryDirectory(prefix="threadlog-gate-", dir="/tmp") as folder:
        socket = ".s.PGSQL.5432"
        gates = Gates(
            Gate(Path(folder) / socket, server=f"{postgres.socket_dir}/{socket}"),
            Gate(Path(folder) / "redis", server=urlsplit(valkey.url).path),
        )
        await gates.postgres.open()
        await gates.redis.open()
        yield gates
        await gates.postgres.shut()
        await gates.redis.shut()


@pytest.fixture(scope="session")
async def stack(
    postgres: EmbeddedPostgres, gates: Gates, provider: ModelServer
) -> AsyncGenerator[Stack]:
    """Two workers, on a database of its own; the model is the tests' provider."""
    url, owner_url = await new_database(postgres)
    folder = quote(str(gates.postgres.path.parent))
    environment = {
        **provider.environment,
        "THREADLOG_DATABASE_URL": urlsplit(url)._replace(query=f"host={folder}").geturl(),
        "THREADLOG_OWNER_DATABASE_URL": owner_url,
        "THREADLOG_REDIS_URL": f"unix://{gates.redis.path}?db=0",
        "THREADLOG_MODEL": "openai-chat:gpt-5",
        "THREADLOG_IDLE_TIMEOUT_SECONDS": "4",
    }
    async with running(environment) as stack:
        yield stack


@pytest.fixture
async def client(stack: Stack) -> AsyncGenerator[Client]:
    async with connected(stack.url, key=KEY) as client:
        yield client
