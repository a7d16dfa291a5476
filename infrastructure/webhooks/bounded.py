"""A connection on which nobody can answer without an end."""

import ssl
from typing import Any

import httpcore2

PIECE_BYTES = 4096  # read at once: others have their turn between two pieces


class BoundedStream(httpcore2.AsyncNetworkStream):
    """Reads at most `most_bytes` after each request, whatever they are: a status, headers, a body,
    or any number of provisional answers (1xx), all of which cost us time to understand.

    More is a `ReadError`.
    """

    def __init__(self, stream: httpcore2.AsyncNetworkStream, *, most_bytes: int) -> None:
        self._stream = stream
        self._most_bytes = most_bytes
        self._left = most_bytes

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        if self._left <= 0:
            raise httpcore2.ReadError("the answer is too long")
        wanted = min(max_bytes, PIECE_BYTES, self._left)
        data = await self._stream.read(wanted, timeout=timeout)
        self._left -= len(data)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        self._left = self._most_bytes
        await self._stream.write(buffer, timeout=timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore2.AsyncNetworkStream:
        stream = await self._stream.start_tls(ssl_context, server_hostname, timeout=timeout)
        return BoundedStream(stream, most_bytes=self._most_bytes)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
