"""The real PostgreSQL and Valkey of a test run, and fresh databases in them."""

import shutil
import tempfile
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol, TypeVar, cast
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import psutil
from redis.asyncio import Redis

from infrastructure.embedded import EmbeddedPostgres, EmbeddedValkey

S = TypeVar("S", EmbeddedPostgres, EmbeddedValkey)

FAST: Mapping[str, str] = MappingProxyType(
    {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
)
"""Settings of PostgreSQL that only a test may use: nothing survives a power failure."""


class Connection(Protocol):
    """What tests use of an asyncpg connection, which has no types of its own."""

    async def execute(self, query: str, *arguments: object) -> str: ...
    async def fetchval(self, query: str, *arguments: object) -> Any: ...
    async def fetchrow(self, query: str, *arguments: object) -> Mapping[str, Any] | None: ...
    async def fetch(self, query: str, *arguments: object) -> list[Mapping[str, Any]]: ...
    async def close(self) -> None: ...


@asynccontextmanager
async def connected(url: str) -> AsyncGenerator[Connection]:
    opened = await asyncpg.connect(url)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    connection = cast("Connection", opened)
    try:
        yield connection
    finally:
        await connection.close()


def redis_client(url: str) -> Redis:
    return Redis.from_url(url)  # pyright: ignore[reportUnknownMemberType]


@contextmanager
def data_folder() -> Generator[Path]:
    """A path for the data of servers; open, so that as root their own account may pass it."""
    with tempfile.TemporaryDirectory(prefix="threadlog-test-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "data"


@contextmanager
def serving(make: Callable[[Path], S]) -> Generator[S]:
    """A server with its data in a folder of its own, started; nothing is left of it."""
    with data_folder() as folder:
        server = make(folder)
        try:
            server.start()
            yield server
        finally:
            erase(server)


def supervisor(server: EmbeddedPostgres | EmbeddedValkey) -> psutil.Process:
    """What watches over the server that runs; the server is all that is below it."""
    return psutil.Process(int((server.home / f"{server.name}.supervisor.lock").read_text()))


def erase(server: EmbeddedPostgres | EmbeddedValkey) -> None:
    """Leave the server, wait until it has ended, and remove everything that it made."""
    ended = server.stop(wait_seconds=20)
    shutil.rmtree(server.socket_dir, ignore_errors=True)
    shutil.rmtree(server.home, ignore_errors=True)
    assert ended, f"{server.name} in {server.home} is still running"


async def new_database(postgres: EmbeddedPostgres) -> tuple[str, str]:
    """Make an empty database, owned by `postgres`; answer its url and owner_url."""
    name = f"test_{uuid4().hex}"
    async with connected(postgres.owner_url) as connection:
        await connection.execute(f"create database {name} strategy file_copy")
    return _of_database(postgres.url, name), _of_database(postgres.owner_url, name)


def _of_database(url: str, name: str) -> str:
    return urlsplit(url)._replace(path=f"/{name}").geturl()
