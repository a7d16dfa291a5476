"""The links from Threadlog to its servers, PostgreSQL and Redis, each through a `FaultProxy`."""

import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

from infrastructure.embedded import EmbeddedPostgres, EmbeddedValkey
from tests.faults.proxy import POSTGRES_READY, FaultProxy


@dataclass(frozen=True)
class Links:
    """The ways of one process, or of all of them, to both servers."""

    postgres: FaultProxy
    redis: FaultProxy

    async def heal(self) -> None:
        await self.postgres.heal()
        await self.redis.heal()

    def environment(self, url: str) -> dict[str, str]:
        """Variables that lead a process over them: to the database of this URL, and to Redis."""
        return {
            "THREADLOG_DATABASE_URL": through(self.postgres, url),
            "THREADLOG_REDIS_URL": f"unix://{self.redis.path}?db=0",
        }


def links_to(postgres: EmbeddedPostgres, valkey: EmbeddedValkey, *, folder: Path) -> Links:
    """With sockets in `folder`, where nobody listens before `heal`."""
    return Links(
        FaultProxy(
            postgres.socket_dir / postgres.socket_name, listen=folder / postgres.socket_name
        ),
        FaultProxy(valkey.socket_dir / valkey.socket_name, listen=folder / valkey.socket_name),
    )


@asynccontextmanager
async def link_to(url: str) -> AsyncGenerator[FaultProxy]:
    """A link to the PostgreSQL of this URL."""
    [server] = parse_qs(urlsplit(url).query)["host"]
    socket = EmbeddedPostgres.socket_name
    with tempfile.TemporaryDirectory(prefix="threadlog-link-", dir="/tmp") as folder:
        async with FaultProxy(Path(server) / socket, listen=Path(folder) / socket) as proxy:
            yield proxy


def through(proxy: FaultProxy, url: str) -> str:
    """The same database, reached over the proxy."""
    return urlsplit(url)._replace(query=f"host={quote(str(proxy.path.parent))}").geturl()


def lose(proxy: FaultProxy, part: str, *, marker: str) -> None:
    """Of what holds these words: the `request`, or the `answer` when it has been committed."""
    if part == "request":
        proxy.lose(marker.encode())
    else:
        proxy.lose_answer(marker.encode(), answer=POSTGRES_READY)
