"""A client's stream over any number of connections: everything that it delivers is noted."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from random import Random
from typing import Any, cast

import httpx2

from tests.storm.journal import Broken, Journal, Seen, StreamJournal

REPEATED = frozenset({429, 502, 503, 504})
CONNECT_SECONDS = 8.0
SILENT_SECONDS = 25.0  # there is a comment every 15 s


class Follower:
    """Reads `path` into `stream` for ever; `on_seen` is told of each event."""

    def __init__(
        self,
        http: httpx2.AsyncClient,
        path: str,
        *,
        apis: Sequence[str],
        stream: StreamJournal,
        journal: Journal,
        random: Random,
        on_seen: Callable[[Seen], None] = lambda _: None,
    ) -> None:
        self._http = http
        self._path = path
        self._apis = apis
        self._stream = stream
        self._journal = journal
        self._random = random
        self._on_seen = on_seen

    async def run(self) -> None:
        """Until it is cancelled."""
        broken_at: float | None = None
        while True:
            try:
                async for seen in self._connection():
                    if broken_at is not None:
                        self._stream.broken.append(Broken(broken_at, time.monotonic()))
                        broken_at = None
                    if seen is not None:
                        self._stream.seen.append(seen)
                        self._on_seen(seen)
            except (httpx2.TransportError, _Refused):
                pass
            broken_at = broken_at or time.monotonic()
            await asyncio.sleep(self._random.uniform(0.05, 0.3))

    async def _connection(self) -> AsyncGenerator[Seen | None]:
        """None: the stream has begun."""
        headers = {"Accept": "text/event-stream"}
        if self._stream.seen:
            headers["Last-Event-ID"] = str(self._stream.seen[-1].position)
        timeout = httpx2.Timeout(CONNECT_SECONDS, read=SILENT_SECONDS)
        url = self._random.choice(self._apis) + self._path
        async with self._http.stream("GET", url, headers=headers, timeout=timeout) as answer:
            if answer.status_code != 200:
                await answer.aread()
                if answer.status_code not in REPEATED or not is_problem(answer):
                    self._journal.complain(f"GET {self._path}", answer)
                raise _Refused
            yield None
            async for event in httpx2.EventSource(answer):
                if event.data and event.event != "sync":
                    assert event.id is not None
                    body = cast("dict[str, Any]", event.json())
                    yield Seen(time.monotonic(), int(event.id), event.event, body)


class _Refused(Exception):
    """The stream did not begin; try again."""


def is_problem(answer: httpx2.Response) -> bool:
    """Is it an error as the contract has them?"""
    return answer.headers.get("content-type", "").startswith("application/problem+json")
