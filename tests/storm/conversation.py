"""A client that talks, loses its connections, repeats itself, cancels, and notes everything."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from math import inf
from random import Random
from typing import Any
from uuid import UUID

import httpx2

from tests.model_server import ask
from tests.storm.follower import REPEATED, Follower, is_problem
from tests.storm.journal import Act, Journal, Seen, Sent, StreamJournal
from tests.system.client import ENDINGS

ASK_SECONDS = 8.0  # until a request without an answer is repeated
PAUSE_SECONDS = 0.2
PREAMBLE = 3  # words before a tool is called


class Conversation:
    """One user at one thread. `apis`: addresses, taken at random at each connection.

    When everything has been well for `patience_seconds`, and an outcome or an ending is still
    missing, the client complains. What it says is decided by `random` alone, whatever happens.
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
        self._ways = Random(random.getrandbits(64))
        self._journal = journal
        self.thread_id = _new_id(random)
        self.stream = StreamJournal(self.thread_id)
        journal.streams.append(self.stream)
        self._deadline = inf
        self._ended: dict[UUID, asyncio.Event] = {}
        self._http = httpx2.AsyncClient(
            headers={"Authorization": f"Bearer {key}"},
            timeout=httpx2.Timeout(ASK_SECONDS, pool=None),
            transport=transport,
        )
        self._follower = Follower(
            self._http,
            f"/v1/threads/{self.thread_id}/events",
            apis=apis,
            stream=self.stream,
            journal=journal,
            random=Random(random.getrandbits(64)),
            on_seen=self._note,
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
        body = {"id": str(self.thread_id)}
        if await self._ask("/v1/threads", body, act="thread", about=self.thread_id) is None:
            return
        following = asyncio.create_task(self._follower.run())
        try:
            turn = 0
            while not stop.is_set() and not following.done():
                await self._turn(turn, Random(self._random.getrandbits(64)))
                turn += 1
            await self._quiet()
        finally:
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following

    async def _turn(self, turn: int, random: Random) -> None:
        kind = random.choices(
            ["plain", "thoughts", "tool", "cancel", "two", "trouble"], [5, 1, 2, 2, 2, 1]
        )[0]
        first = await self._say(f"c{self._number}t{turn}a", kind, random)
        if first is None:
            return
        if kind == "two" and await self._say(f"c{self._number}t{turn}b", "plain", random) is None:
            return
        if kind == "cancel":
            await self._wait(first, seconds=random.uniform(0.0, 1.5))
            await self._cancel(first)
        for completion_id in list(self._ended):
            await self._end_of(completion_id)
        await asyncio.sleep(random.uniform(0.0, 0.3))

    async def _say(self, tag: str, kind: str, random: Random) -> UUID | None:
        """Post a message; the completion that will answer it."""
        message_id = _new_id(random)
        sent = self._journal.sent[message_id] = _question(f"{tag}-", kind, random)
        path = f"/v1/threads/{self.thread_id}/messages"
        body = {"id": str(message_id), "text": sent.text}
        answer = await self._ask(path, body, act="message", about=message_id)
        if answer is None:
            return None
        completion_id = UUID(answer["completion_id"])
        self._ended.setdefault(completion_id, asyncio.Event())
        if any(s.completion_id == completion_id and s.name in ENDINGS for s in self.stream.seen):
            self._ended[completion_id].set()
        return completion_id

    async def _cancel(self, completion_id: UUID) -> None:
        path = f"/v1/completions/{completion_id}/cancel"
        await self._ask(path, {}, act="cancel", about=completion_id)

    async def _end_of(self, completion_id: UUID) -> None:
        while not await self._wait(completion_id, seconds=1.0):
            if time.monotonic() > self._deadline:
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
        while count != len(self.stream.seen):
            count = len(self.stream.seen)
            await asyncio.sleep(3.0)

    async def _ask(
        self, path: str, body: dict[str, Any], *, act: Act, about: UUID
    ) -> dict[str, Any] | None:
        """Repeat a request until its outcome is known; None when it was refused."""
        while time.monotonic() < self._deadline:
            try:
                answer = await self._http.post(self._ways.choice(self._apis) + path, json=body)
            except httpx2.TransportError:
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            if answer.status_code in REPEATED and is_problem(answer):
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            if not answer.is_success:
                self._journal.complain(f"POST {path}", answer)
                return None
            told = answer.json()
            completion = told.get("completion_id") or (str(about) if act == "cancel" else None)
            self._journal.tell(
                act,
                self.thread_id,
                about,
                completion_id=UUID(completion) if completion else None,
                position=told["position"],
            )
            return told
        self._journal.complaints.append(f"POST {path}: no answer in {self._patience_seconds:.0f} s")
        return None

    def _note(self, seen: Seen) -> None:
        completion_id = seen.completion_id
        if completion_id is not None and completion_id in self._ended and seen.name in ENDINGS:
            self._ended[completion_id].set()


def _question(tag: str, kind: str, random: Random) -> Sent:
    """A message that tells the model what to say, and what that is."""
    words, gap = random.randint(5, 50), random.choice([0.02, 0.05, 0.1])
    trouble = random.choice(
        [{"fault": "cut", "after": 5}, {"refuse": "rate_limited"}, {"status": 500}]
    )
    fields: dict[str, Any] = {"words": words, "gap_seconds": gap, "tag": tag}
    said = _words(tag, words)
    if kind == "thoughts":
        fields["reasoning"] = 5
    elif kind == "tool":
        fields |= {"calls": [["get_current_time", {}]], "preamble": PREAMBLE}
        said = _words(tag, PREAMBLE) + said
    elif kind == "trouble":
        fields |= trouble
    return Sent(ask("storm", **fields), None if kind == "trouble" else said)


def _words(tag: str, count: int) -> str:
    return "".join(f"{tag}{n} " for n in range(count))


def _new_id(random: Random) -> UUID:
    return UUID(int=random.getrandbits(128), version=4)
