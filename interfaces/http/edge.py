"""What stands between the server and the routes: which requests, which headers, whole bodies."""

import asyncio
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from interfaces.http.problems import problem

LINGER_SECONDS = 2.0
LINGER_BYTES = 16 * 1024 * 1024
HEADER_BYTES = 64 * 1024
DEFAULTS = {
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}


@dataclass(frozen=True)
class SafeAnswers:
    """Nothing is sniffed or cached; who leaves a body unread hangs up after the answer."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        rest = _announces_body(scope)

        async def take() -> Message:
            nonlocal rest
            message = await receive()
            rest = rest and message.get("more_body", False)
            return message

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in DEFAULTS.items():
                    headers.setdefault(name, value)
                if rest:
                    headers["connection"] = "close"
            elif rest and not message.get("more_body", False):
                await send({**message, "more_body": True})
                await _linger(receive)
                message = {"type": "http.response.body", "body": b""}
            await send(message)

        await self.app(scope, take, answer)


async def _linger(receive: Receive) -> None:
    """Take some of what nobody wants: a client that is cut off while it sends sees no answer."""
    left = LINGER_BYTES
    with suppress(TimeoutError):
        async with asyncio.timeout(LINGER_SECONDS):
            while left > 0 and (message := await receive()).get("more_body", False):
                left -= len(message["body"])


@dataclass(frozen=True)
class Gate:
    """Refuses what no route should see; without `hosts` every name of the server is good."""

    app: ASGIApp
    hosts: Collection[str]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif sum(len(name) + len(value) for name, value in scope["headers"]) > HEADER_BYTES:
            title = "The headers are larger than 64 kB."
            await problem(431, name="HeadersTooLarge", title=title)(scope, receive, send)
        elif self.hosts and _host(scope) not in self.hosts:
            title = "This server does not go by that name."
            await problem(400, name="HostIsUnknown", title=title)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def _announces_body(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"


def _host(scope: Scope) -> str:
    """Without the port; an IPv6 address keeps its brackets."""
    host = Headers(scope=scope).get("host", "").lower()
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdecimal() else host
