"""A client that talks, loses its connections, repeats itself, cancels, and notes everything."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from math import inf
from random import Random
from typing import Any, cast
from uuid import UUID

import httpx2

from tests.model_server import ask
from tests.storm.journal import Act, Broken, Journal, Seen, ThreadJournal
from tests.system.client import ENDINGS

ASK_SECONDS = 8.0  # until a request without an answer is repeated
PAUSE_SECONDS = 0.2
REPEATED = frozenset({429, 502, 503, 504})


class Conversation:
    """One user at one thread. `apis`: addresses, taken at random at each connection.

    When everything has been well for `patience_seconds`, and an outcome or an ending is still
    missing, the client complains.
    """

    def __init__(
        self,
        number: int,
        *,
        apis: Sequence[str],
        key: str,
        journal: Journal,
        random: Random,
        patience_seconds: float,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._number = number
        self._patience_seconds = patience_seconds
        self._apis = apis
        self._random = random
        self._journal = journal
        self.thread = ThreadJournal(self._new_id())
        journal.threads.append(self.thread)
        self._deadline = inf
        self._ended: dict[UUID, asyncio.Event] = {}
        self._http = httpx2.AsyncClient(
            headers={"Authorization": f"Bearer {key}"},
            timeout=httpx2.Timeout(ASK_SECONDS, pool=None),
            transport=transport,
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Talk until `stop`, when all is well; then wait for every answer that was promised."""
        impatience = asyncio.create_task(self._lose_patience(stop))
        try:
            await self._talk(stop)
        finally:
            impatience.cancel()

    async def close(self) -> None:
        """Leave."""
        await self._http.aclose()

    async def _lose_patience(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._deadline = time.monotonic() + self._patience_seconds

    async def _talk(self, stop: asyncio.Event) -> None:
        body = {"id": str(self.thread.thread_id)}
        if await self._ask("/v1/threads", body, act="thread", about=self.thread.thread_id) is None:
            return
        following = asyncio.create_task(self._follow())
        try:
            turn = 0
            while not stop.is_set() and not following.done():
                await self._turn(turn, stop)
                turn += 1
            for completion_id in list(self._ended):
                await self._end_of(completion_id)
            await self._quiet()
        finally:
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following

    async def _turn(self, turn: int, stop: asyncio.Event) -> None:
        kind = self._random.choices(
            ["plain", "thoughts", "tool", "cancel", "two", "trouble"], [5, 1, 2, 2, 2, 1]
        )[0]
        first = await self._say(f"c{self._number}t{turn}a", kind)
        if first is None:
            return
        if kind == "two" and await self._say(f"c{self._number}t{turn}b", "plain") is None:
            return
        if kind == "cancel":
            await self._wait(first, seconds=self._random.uniform(0.0, 1.5))
            await self._cancel(first)
        for completion_id in list(self._ended):
            await self._end_of(completion_id)
        if not stop.is_set():
            await asyncio.sleep(self._random.uniform(0.0, 0.3))

    async def _say(self, tag: str, kind: str) -> UUID | None:
        """Post a message; the completion that will answer it."""
        words, gap = self._random.randint(5, 50), self._random.choice([0.02, 0.05, 0.1])
        fields: dict[str, Any] = {"words": words, "gap_seconds": gap, "tag": f"{tag}-"}
        if kind == "thoughts":
            fields["reasoning"] = 5
        elif kind == "tool":
            fields |= {"calls": [["get_current_time", {}]], "preamble": 3}
        elif kind == "trouble":
            fields |= self._random.choice(
                [{"fault": "cut", "after": 5}, {"refuse": "rate_limited"}, {"status": 500}]
            )
        message_id = self._new_id()
        if kind not in ("trouble", "tool"):
            self._journal.expected[message_id] = "".join(f"{tag}-{n} " for n in range(words))
        path = f"/v1/threads/{self.thread.thread_id}/messages"
        body = {"id": str(message_id), "text": ask("storm", **fields)}
        answer = await self._ask(path, body, act="message", about=message_id)
        if answer is None:
            return None
        completion_id = UUID(answer["completion_id"])
        self._ended.setdefault(completion_id, asyncio.Event())
        if any(s.completion_id == completion_id and s.name in ENDINGS for s in self.thread.seen):
            self._ended[completion_id].set()
        return completion_id

    async def _cancel(self, completion_id: UUID) -> None:
        await self._ask(
            f"/v1/completions/{completion_id}/cancel", {}, act="cancel", about=completion_id
        )

    async def _end_of(self, completion_id: UUID) -> None:
        while not await self._wait(completion_id, seconds=1.0):
            if time.monotonic() < self._deadline:
                continue
            self._journal.complaints.append(
                f"completion {completion_id}: no ending within {self._patience_seconds:.0f} s"
            )
            break
        del self._ended[completion_id]

    async def _wait(self, completion_id: UUID, *, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._ended[completion_id].wait()
        except TimeoutError:
            return False
        return True

    async def _quiet(self) -> None:
        """Nothing is running: what there is to see arrives within some seconds."""
        count = -1
        while count != len(self.thread.seen):
            count = len(self.thread.seen)
            await asyncio.sleep(3.0)

    async def _ask(
        self, path: str, body: dict[str, Any], *, act: Act, about: UUID
    ) -> dict[str, Any] | None:
        """Repeat a request until its outcome is known; None when it was refused."""
        while time.monotonic() < self._deadline:
            try:
                answer = await self._http.post(self._api() + path, json=body)
            except httpx2.TransportError:
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            if answer.status_code in REPEATED and _is_problem(answer):
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            if not answer.is_success:
                self._complain(f"POST {path}", answer)
                return None
            told = answer.json()
            completion = told.get("completion_id") or (str(about) if act == "cancel" else None)
            self._journal.tell(
                act,
                self.thread.thread_id,
                about,
                completion_id=UUID(completion) if completion else None,
                position=told["position"],
            )
            return told
        self._journal.complaints.append(f"POST {path}: no answer in {self._patience_seconds:.0f} s")
        return None

    async def _follow(self) -> None:
        """Read the thread's stream, for ever, over any number of connections."""
        broken_at: float | None = None
        while True:
            try:
                async for seen in self._stream():
                    if broken_at is not None:
                        self.thread.broken.append(Broken(broken_at, time.monotonic()))
                        broken_at = None
                    if seen is not None:
                        self._note(seen)
            except (httpx2.TransportError, _Refused):
                pass
            broken_at = broken_at or time.monotonic()
            await asyncio.sleep(self._random.uniform(0.05, 0.3))

    async def _stream(self) -> AsyncGenerator[Seen | None]:
        """None: the stream has begun."""
        path = f"/v1/threads/{self.thread.thread_id}/events"
        headers = {"Accept": "text/event-stream"}
        if self.thread.seen:
            headers["Last-Event-ID"] = str(self.thread.seen[-1].position)
        timeout = httpx2.Timeout(ASK_SECONDS, read=25.0)  # there is a comment every 15 s
        url = self._api() + path
        async with self._http.stream("GET", url, headers=headers, timeout=timeout) as answer:
            if answer.status_code != 200:
                await answer.aread()
                if answer.status_code not in REPEATED or not _is_problem(answer):
                    self._complain(f"GET {path}", answer)
                raise _Refused
            yield None
            async for event in httpx2.EventSource(answer):
                if event.data and event.event != "sync":
                    assert event.id is not None
                    body = cast("dict[str, Any]", event.json())
                    yield Seen(time.monotonic(), int(event.id), event.event, body)

    def _note(self, seen: Seen) -> None:
        self.thread.seen.append(seen)
        completion_id = seen.completion_id
        if completion_id is not None and completion_id in self._ended and seen.name in ENDINGS:
            self._ended[completion_id].set()

    def _complain(self, request: str, answer: httpx2.Response) -> None:
        self._journal.complaints.append(f"{request}: {answer.status_code} {answer.text[:300]}")

    def _api(self) -> str:
        return self._random.choice(self._apis)

    def _new_id(self) -> UUID:
        return UUID(int=self._random.getrandbits(128), version=4)


class _Refused(Exception):
    """The stream did not begin; try again."""


def _is_problem(answer: httpx2.Response) -> bool:
    return answer.headers.get("content-type", "").startswith("application/problem+json")
