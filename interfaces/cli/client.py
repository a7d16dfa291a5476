"""The command line's own client of the HTTP API."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Coroutine, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2

from infrastructure.settings import Settings
from interfaces.cli.first_key import known_key

Json = dict[str, Any]

PAGE_EVENTS = 1000
AGAIN_SECONDS = 0.5


class Refused(Exception):
    """The API refused; the message is its problem's title and detail."""


class Unavailable(Refused):
    """The API, or something behind it, is away for the moment."""


@dataclass(frozen=True)
class StreamEvent:
    """One event of a thread, as it was sent."""

    body: Json

    @property
    def position(self) -> int:
        """Its place in the log."""
        return self.body["position"]

    @property
    def name(self) -> str:
        """Such as `completion.chunk`."""
        return self.body["name"]

    @property
    def data(self) -> Json:
        """What the event says."""
        return self.body["data"]

    @property
    def completion_id(self) -> str | None:
        """Of the answer that it belongs to."""
        return self.body.get("completion_id")

    @property
    def execution_id(self) -> str | None:
        """Of the background tool that it belongs to."""
        return self.body.get("execution_id")

    @property
    def at(self) -> str:
        """When it happened, ISO 8601 in UTC."""
        return self.body["at"]


def exit_code_of(work: Coroutine[Any, Any, int | None]) -> int:
    """Run it; its own exit code, else 0, or 1 with the reason why the API did not do it."""
    try:
        return asyncio.run(work) or 0
    except Refused as refused:
        print(f"threadlog: {refused}", file=sys.stderr)
    except httpx2.TransportError as error:
        print(f"threadlog: the API cannot be reached: {error}", file=sys.stderr)
    return 1


class Client:
    """Speaks for one key. Raises Refused, and httpx2.TransportError when nobody answers."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self._http = http

    async def call(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Json:
        """One request and its JSON answer."""
        answer = await self._http.request(method, f"/v1{path}", json=body)
        if answer.is_success:
            return answer.json() if answer.content else {}
        raise _refusal(answer)

    async def pages(self, path: str) -> AsyncGenerator[StreamEvent]:
        """All events that there are, read page by page."""
        cursor = "0"
        while cursor is not None:
            page = await self.call("GET", f"{path}?limit={PAGE_EVENTS}&cursor={cursor}")
            for body in page["items"]:
                yield StreamEvent(body)
            cursor = page["next"]

    async def follow(
        self, path: str, *, after: int | str, query: Mapping[str, str] | None = None
    ) -> AsyncGenerator[StreamEvent]:
        """Events after a position, for ever: a lost connection is resumed after the last event.

        Close it when done. Raises Refused for what will not change by itself; of anything else it
        tells once, until there is a connection again.
        """
        cursor, told = str(after), False
        while True:
            try:
                async with aclosing(self._blocks(path, cursor, query or {})) as blocks:
                    async for block in blocks:
                        told = False
                        if block.event == "sync":
                            cursor = str(_json(block)["position"])
                        elif block.data:
                            event = StreamEvent(_json(block))
                            cursor = str(event.position)
                            yield event
            except (httpx2.TransportError, Unavailable) as error:
                told = told or _tell_of(error)
            await asyncio.sleep(AGAIN_SECONDS)

    async def _blocks(
        self, path: str, cursor: str, query: Mapping[str, str]
    ) -> AsyncGenerator[httpx2.ServerSentEvent]:
        headers = {"Accept": "text/event-stream", "Last-Event-ID": cursor}
        async with self._http.stream("GET", f"/v1{path}", headers=headers, params=query) as answer:
            if not answer.is_success:
                await answer.aread()
                raise _refusal(answer)
            async for block in httpx2.EventSource(answer):
                yield block


def _tell_of(error: Exception) -> bool:
    why = str(error) or type(error).__name__
    print(f"threadlog: the API cannot be reached, trying again: {why}", file=sys.stderr)
    return True


def _json(block: httpx2.ServerSentEvent) -> Json:
    body: Json = block.json()  # pyright: ignore[reportAssignmentType]
    return body


def _refusal(answer: httpx2.Response) -> Refused:
    return (Unavailable if answer.is_server_error else Refused)(_problem(answer))


def _problem(answer: httpx2.Response) -> str:
    try:
        problem: Json = answer.json()
    except ValueError:
        return f"HTTP {answer.status_code}"
    return " ".join(str(problem[field]) for field in ("title", "detail") if problem.get(field))


@asynccontextmanager
async def connected(settings: Settings) -> AsyncGenerator[Client]:
    """A client of the API that the settings name; ends the program when there is no key."""
    key = known_key(settings)
    if key is None:
        print(
            "threadlog: no key: start `./do run` first, or set THREADLOG_API_KEY", file=sys.stderr
        )
        sys.exit(2)
    async with httpx2.AsyncClient(
        base_url=f"http://{settings.host}:{settings.port}",
        headers={"Authorization": f"Bearer {key}"},
        timeout=httpx2.Timeout(30.0, connect=3.0),
    ) as http:
        yield Client(http)
