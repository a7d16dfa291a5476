"""Connections to addresses of other people: resolved and checked here, made to what was checked."""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import TypeAlias, cast

import httpcore2

from domain.webhook_address import is_public
from infrastructure.webhooks.bounded import BoundedStream

MOST_LOOKUPS = 50  # of different names at once; each waits in a thread of its own
MOST_ADDRESSES = 4  # of a name, tried in their order
CONNECT_SECONDS = 5.0
MOST_BYTES = (
    64 * 1024
)  # of an answer, with all that comes before its end; what is beyond is not read

# The addresses of a name; raises OSError.
Resolve: TypeAlias = Callable[[str], Awaitable[list[str]]]


class AddressRefused(Exception):
    """The name leads into a private network."""


class SystemResolver:
    """Asks the system. Whoever asks for a name that is being looked up waits for the same answer,
    so that one name whose servers do not answer holds up nobody else.

    `look_up` may block for a minute; no process that ends waits for it.
    """

    def __init__(self, look_up: Callable[[str], list[str]] | None = None) -> None:
        self._look_up = look_up or _addresses
        self._free = asyncio.Semaphore(MOST_LOOKUPS)
        self._asked: dict[str, asyncio.Task[list[str]]] = {}

    async def addresses(self, host: str) -> list[str]:
        """A `Resolve`."""
        if host not in self._asked:
            asked = asyncio.create_task(self._ask(host))
            asked.add_done_callback(lambda done: self._answered(host, done))
            self._asked[host] = asked
        return await asyncio.shield(self._asked[host])

    async def _ask(self, host: str) -> list[str]:
        async with self._free:
            return await _in_thread(lambda: self._look_up(host))

    def _answered(self, host: str, done: asyncio.Task[list[str]]) -> None:
        del self._asked[host]
        if not done.cancelled():
            done.exception()  # perhaps nobody waits for it any more

    def close(self) -> None:
        """Waits for nothing."""
        for asked in self._asked.values():
            asked.cancel()


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
        stream = await self._network.connect_tcp(address, port, timeout=CONNECT_SECONDS)
        return BoundedStream(stream, most_bytes=MOST_BYTES)


async def _in_thread(work: Callable[[], list[str]]) -> list[str]:
    """Its result, out of a thread of its own for which the end of the process does not wait."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[list[str]] = loop.create_future()

    def tell(result: list[str] | Exception) -> None:
        if done.done():
            return
        if isinstance(result, Exception):
            done.set_exception(result)
        else:
            done.set_result(result)

    def run() -> None:
        try:
            result = work()
        except Exception as error:  # noqa: BLE001  # told to who has asked
            result = error
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(tell, result)

    threading.Thread(target=run, name="resolver", daemon=True).start()
    return await done


def _addresses(host: str) -> list[str]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))
