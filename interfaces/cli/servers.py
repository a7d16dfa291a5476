"""Where PostgreSQL and Redis are: the ones that are named, or our own in the data folder."""

import asyncio
import sys
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from infrastructure.embedded import EmbeddedPostgres, EmbeddedServerError, EmbeddedValkey
from infrastructure.settings import Settings

WATCH_SECONDS = 0.5


@dataclass(frozen=True)
class Addresses:
    """URLs, passwords included: never to be printed."""

    database: str
    owner_database: str
    redis: str


class Servers:
    """Holds the embedded servers as long as it is entered; does nothing for those that are named.

    Entering blocks until they answer. Raises infrastructure.embedded.EmbeddedServerError.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._postgres = None if settings.database_url else EmbeddedPostgres(settings.data_dir)
        self._valkey = None if settings.redis_url else EmbeddedValkey(settings.data_dir)
        self._own = [server for server in (self._postgres, self._valkey) if server]

    def __enter__(self) -> Self:
        for server in self._own:
            server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for server in reversed(self._own):
            server.stop(wait_seconds=10)

    async def watch(self) -> None:
        """Start again what has died, for ever; returns at once when all servers are named."""
        while self._own:
            await asyncio.sleep(WATCH_SECONDS)
            try:
                for name in await asyncio.to_thread(self.revive):
                    print(f"threadlog: {name} had ended and was started again", flush=True)
            except EmbeddedServerError as problem:
                print(f"threadlog: {problem}", file=sys.stderr)

    def revive(self) -> list[str]:
        """Start again what has died; the names of what was. Blocks."""
        dead = [server for server in self._own if not server.ready()]
        for server in dead:
            server.start()
        return [server.name for server in dead]

    @property
    def addresses(self) -> Addresses:
        """Where they are, once entered."""
        named = self._settings
        if named.database_url:
            database = named.database_url.get_secret_value()
            owner = (named.owner_database_url or named.database_url).get_secret_value()
        else:
            assert self._postgres is not None
            database, owner = self._postgres.url, self._postgres.owner_url
        if named.redis_url:
            redis = named.redis_url.get_secret_value()
        else:
            assert self._valkey is not None
            redis = self._valkey.url
        return Addresses(database, owner, redis)
