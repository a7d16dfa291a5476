"""The command line's own client of the HTTP API."""

import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2

from infrastructure.settings import Settings
from interfaces.cli.first_key import known_key

Json = dict[str, Any]


class Refused(Exception):
    """The API refused; the message is its problem's title and detail."""


@dataclass(frozen=True)
class StreamEvent:
    """One event of a thread."""

    position: int
    name: str
    data: Json
    completion_id: str | None


class Client:
    """Speaks for one key. Raises Refused, and httpx2.TransportError when nobody answers."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self._http = http

    async def call(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Json:
        """One request and its JSON answer."""
        answer = await self._http.request(method, f"/v1{path}", json=body)
        if answer.is_success:
            return answer.json() if answer.content else {}
        raise Refused(_problem(answer))

    async def events(self, thread_id: str, *, after: int) -> AsyncGenerator[StreamEvent]:
        """A thread's events after a position, until the connection ends. Close it when done."""
        headers = {"Accept": "text/event-stream", "Last-Event-ID": str(after)}
        path = f"/v1/threads/{thread_id}/events"
        async with self._http.stream("GET", path, headers=headers) as answer:
            if not answer.is_success:
                await answer.aread()
                raise Refused(_problem(answer))
            async for event in httpx2.EventSource(answer):
                if event.data and event.event != "sync":
                    body: Json = event.json()  # pyright: ignore[reportAssignmentType]
                    yield StreamEvent(
                        body["position"], body["name"], body["data"], body.get("completion_id")
                    )


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
