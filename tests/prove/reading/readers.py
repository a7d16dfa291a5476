"""People who read all the time, and mind when a request fails or what they saw is gone."""

import asyncio
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any

import httpx2

from tests.model_server import ask

Json = dict[str, Any]
PAUSE_SECONDS = 0.02


@dataclass
class Seen:
    """What all readers together have met."""

    requests: int = 0
    failed: list[str] = field(default_factory=list[str])
    slowest_seconds: float = 0.0


class Reader:
    """Begins threads, and reads its own writes at once; looks at lists, rows and search between."""

    def __init__(self, number: int, *, url: str, key: str, seen: Seen, random: Random) -> None:
        self._number = number
        self._seen = seen
        self._random = random
        self._threads: list[str] = []
        self._http = httpx2.AsyncClient(
            base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=30
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`."""
        async with self._http:
            for turn in count():
                if stop.is_set():
                    return
                if turn % 10 == 0:
                    await self._begin(turn)
                await self._look()
                await asyncio.sleep(PAUSE_SECONDS)

    async def _begin(self, turn: int) -> None:
        """A thread with a question; then its row must be there, with its title."""
        title = f"reader {self._number} turn {turn}"
        calls: list[Any] = [["get_current_time", {}]] if turn % 20 else []
        text = ask(f"r{self._number}t{turn}", words=5, gap_seconds=0.01, calls=calls)
        began = await self._call("POST", "/v1/threads", {"title": title, "message": {"text": text}})
        if began is None:
            return
        path, position = f"/v1/threads/{began['thread_id']}", began["position"]
        self._threads.append(began["thread_id"])
        row = await self._call("GET", f"{path}?min_position={position}")
        if row is not None and row["title"] != title:
            self._seen.failed.append(f"{path}: another title: {row['title']!r}")

    async def _look(self) -> None:
        thread_id = self._random.choice(self._threads)
        paths = [
            "/v1/threads?limit=20",
            "/v1/threads?limit=20&order=activity",
            f"/v1/threads/{thread_id}",
            f"/v1/threads/{thread_id}/messages",
            f"/v1/threads/{thread_id}/completions",
            "/v1/search?q=reader",
        ]
        path = self._random.choice(paths)
        found = await self._call("GET", path)
        if found is not None and "/threads?" in path and not found["items"]:
            self._seen.failed.append(f"{path}: an empty list")

    async def _call(self, method: str, path: str, body: Json | None = None) -> Json | None:
        clock = asyncio.get_running_loop().time
        began = clock()
        self._seen.requests += 1
        try:
            answer = await self._http.request(method, path, json=body)
        except httpx2.TransportError as error:
            self._seen.failed.append(f"{method} {path}: {error!r}")
            return None
        self._seen.slowest_seconds = max(self._seen.slowest_seconds, clock() - began)
        if not answer.is_success:
            self._seen.failed.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
            return None
        return answer.json()
