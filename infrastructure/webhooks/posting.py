"""One request to a receiver: bounded in time and size, never redirected, through no proxy."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpcore2
import httpx2

from domain.webhook_address import WebhookUrlInvalid, check_url
from infrastructure.webhooks.connecting import (
    AddressRefused,
    GuardedBackend,
    Resolve,
    SystemResolver,
)

MOST_CONNECTIONS = 200  # at once; nobody waits for one
KEPT_SECONDS = 4.0  # that a connection stays open for the next request
BODY_SECONDS = 1.0  # after the status, for what nobody looks at

_FAILURES = (
    AddressRefused,
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.TimeoutException,
    httpcore2.UnsupportedProtocol,
    OSError,
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answer:
    """What came of a request: a status, or the kind of error that there was instead."""

    status: int | None
    error: str | None

    @property
    def arrived(self) -> bool:
        """Did the receiver take it?"""
        return self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        """Does the receiver never want anything again?"""
        return self.status == 410


class Poster:
    """Posts to addresses of other people. Use it as a context manager, or call `close`."""

    def __init__(
        self, *, private: bool, resolve: Resolve | None = None, timeout_seconds: float = 10.0
    ) -> None:
        self._private = private
        self._timeout_seconds = timeout_seconds
        self._resolver = SystemResolver()
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=httpx2.create_ssl_context(),
            max_connections=MOST_CONNECTIONS,
            keepalive_expiry=KEPT_SECONDS,
            network_backend=GuardedBackend(resolve or self._resolver.addresses, private=private),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Give up the connections."""
        await self._pool.aclose()
        self._resolver.close()

    async def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Answer:
        """Raises nothing of what a receiver or the way to it may do."""
        try:
            check_url(url, private=self._private)
        except WebhookUrlInvalid as error:  # made when more was allowed
            return Answer(None, type(error).__name__)
        status: int | None = None
        try:
            async with asyncio.timeout(self._timeout_seconds):
                request = self._pool.stream(
                    b"POST", url, headers=_encoded(url, headers, body), content=body
                )
                async with request as response:
                    status = response.status
                    await _read(response)
        except TimeoutError:
            return _answer(status, "Timeout")
        except _FAILURES as error:
            return _answer(status, type(error).__name__)
        except Exception as error:  # what nobody has foreseen must not stop everybody's deliveries
            logger.exception("webhooks: a request failed in an unknown way")
            return _answer(status, type(error).__name__)
        return Answer(status, None)


def _answer(status: int | None, error: str) -> Answer:
    """What goes wrong after the status changes nothing any more."""
    return Answer(status, None if status is not None else error)


async def _read(response: httpcore2.Response) -> None:
    """To its end, so that the connection can be used again; unless it takes long."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for _ in response.aiter_stream():
                pass
    except TimeoutError:
        return


def _encoded(url: str, headers: Mapping[str, str], body: bytes) -> list[tuple[bytes, bytes]]:
    whole = {
        "Host": urlsplit(url).netloc,
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "User-Agent": "Threadlog",
        **headers,
    }
    return [(name.encode(), value.encode()) for name, value in whole.items()]
