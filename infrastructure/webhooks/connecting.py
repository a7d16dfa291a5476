"""Connections to addresses of other people: resolved and checked here, made to what was checked."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias, cast

import httpcore2

from domain.webhook_address import is_public

MOST_LOOKUPS = 50  # of different names at once; each waits in a thread of its own
MOST_ADDRESSES = 4  # of a name, tried in their order
CONNECT_SECONDS = 5.0

# The addresses of a name; raises OSError.
Resolve: TypeAlias = Callable[[str], Awaitable[list[str]]]


class AddressRefused(Exception):
    """The name leads into a private network."""


class SystemResolver:
    """Asks the system. Whoever asks for a name that is being looked up waits for the same answer,
    so that one name whose servers do not answer holds up nobody else."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(MOST_LOOKUPS, thread_name_prefix="resolver")
        self._asked: dict[str, asyncio.Future[list[str]]] = {}

    async def addresses(self, host: str) -> list[str]:
        """A `Resolve`."""
        if host not in self._asked:
            asked = asyncio.get_running_loop().run_in_executor(self._threads, _addresses, host)
            asked.add_done_callback(lambda done: self._answered(host, done))
            self._asked[host] = asked
        return await asyncio.shield(self._asked[host])

    def _answered(self, host: str, done: asyncio.Future[list[str]]) -> None:
        del self._asked[host]
        if not done.cancelled():
            done.exception()  # perhaps nobody waits for it any more

    def close(self) -> None:
        """Waits for nothing."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class GuardedBackend(httpcore2.AsyncNetworkBackend):
    """Connects to public addresses only, unless `private`; the name stays in Host and in TLS.

    A name of which one address is refused is refused as a whole. Raises AddressRefused.
    """

    def __init__(self, resolve: Resolve, *, private: bool) -> None:
        self._resolve = resolve
        self._private = private
        self._network = cast("httpcore2.AsyncNetworkBackend", httpcore2.AnyIOBackend())

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # as httpcore2 has it
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        try:
            addresses = await self._resolve(host)
        except (OSError, UnicodeError) as error:
            raise httpcore2.ConnectError(str(error)) from error
        if not addresses:
            raise httpcore2.ConnectError(f"{host} has no address")
        if not self._private and not all(map(is_public, addresses)):
            raise AddressRefused
        *others, last = addresses[:MOST_ADDRESSES]
        for address in others:
            try:
                return await self._connect(address, port)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return await self._connect(last, port)

    async def _connect(self, address: str, port: int) -> httpcore2.AsyncNetworkStream:
        return await self._network.connect_tcp(address, port, timeout=CONNECT_SECONDS)


def _addresses(host: str) -> list[str]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))
