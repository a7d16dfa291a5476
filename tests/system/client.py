"""A client of the HTTP API as a user would write one."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2

Json = dict[str, Any]
ENDINGS = ("completion.finished", "completion.failed", "completion.cancelled")


@dataclass(frozen=True)
class Seen:
    """One event as it came over the wire."""

    id: int
    name: str
    body: Json

    @property
    def data(self) -> Json:
        data: Json = self.body["data"]
        return data


class Client:
    """Speaks for one key."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self.http = http

    async def get(self, path: str, **parameters: object) -> Json:
        answer = await self.http.get(path, params={k: str(v) for k, v in parameters.items()})
        assert answer.is_success, answer.text
        return answer.json()

    async def post(self, path: str, body: Json | None = None) -> Json:
        answer = await self.http.post(path, json=body or {})
        assert answer.is_success, answer.text
        return answer.json()

    async def start(self, text: str) -> Json:
        """A thread with a first message."""
        return await self.post("/v1/threads", {"message": {"text": text}})

    async def say(self, thread_id: str, text: str) -> Json:
        """One more message."""
        return await self.post(f"/v1/threads/{thread_id}/messages", {"text": text})

    async def events(self, thread_id: str, *, after: int = 0) -> AsyncGenerator[Seen]:
        """Events until the connection ends."""
        headers = {"Accept": "text/event-stream", "Last-Event-ID": str(after)}
        path = f"/v1/threads/{thread_id}/events"
        async with self.http.stream("GET", path, headers=headers) as answer:
            assert answer.status_code == 200, await answer.aread()
            async for event in httpx2.EventSource(answer):
                if event.data and event.event != "sync":
                    yield Seen(int(event.id), event.event, event.json())  # pyright: ignore[reportArgumentType]

    async def until_end(self, completion_id: str, thread_id: str, *, after: int = 0) -> list[Seen]:
        """A thread's events after a position, up to a completion's ending; resumed where cut."""
        seen: list[Seen] = []
        while True:
            try:
                async for event in self.events(thread_id, after=seen[-1].id if seen else after):
                    seen.append(event)
                    if event.name in ENDINGS and event.body["completion_id"] == completion_id:
                        return seen
            except httpx2.TransportError:
                await asyncio.sleep(0.1)

    async def public_log(self, thread_id: str) -> list[Json]:
        """All public events of the thread, read page by page from the log."""
        events: list[Json] = []
        after = 0
        while True:
            page = await self.get(f"/v1/threads/{thread_id}/events", after=after, limit=1000)
            events += page["items"]
            if page["next"] is None:
                return events
            after = page["items"][-1]["position"]


@asynccontextmanager
async def connected(url: str, *, key: str) -> AsyncGenerator[Client]:
    """A client of the API at `url`."""
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=20)
    async with httpx2.AsyncClient(
        base_url=url,
        headers={"Authorization": f"Bearer {key}"},
        timeout=30,
        limits=limits,
        verify=False,
    ) as http:
        yield Client(http)


def valid_text(events: Iterable[Seen], completion_id: str) -> str:
    """What a client shows: the text chunks of a completion that no interruption made void."""
    chunks: list[tuple[int, str]] = []
    for event in events:
        if event.body.get("completion_id") != completion_id:
            continue
        if event.name == "completion.chunk" and event.data["kind"] == "text":
            chunks.append((event.id, event.data["text"]))
        elif event.name == "completion.interrupted":
            chunks = [chunk for chunk in chunks if chunk[0] <= event.data["kept_through"]]
    return "".join(text for _, text in chunks)


def sha256(text: str) -> str:
    """As the terminal event has it."""
    return hashlib.sha256(text.encode()).hexdigest()
