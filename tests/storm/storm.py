"""One storm from beginning to end: start, talk, break, heal, read everything, check."""

import asyncio
import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf
from random import Random
from uuid import UUID

import httpx2

from infrastructure.tasks import end
from tests.model_server import ModelServer
from tests.storm.conversation import Conversation
from tests.storm.deployment import Deployment
from tests.storm.evidence import Evidence, read_log
from tests.storm.faults import Fault
from tests.storm.follower import Follower
from tests.storm.invariants import violations
from tests.storm.journal import Journal, StreamJournal
from tests.storm.quiet import left_over
from tests.storm.struck import Struck
from tests.storm.tables import live_tables, rebuilt_tables
from tests.system.stack import KEY, eventually

FOLLOWED = 10  # threads whose chunks the stream of all threads has, too


@dataclass(frozen=True)
class Injected:
    """A fault that was done."""

    name: str
    at: float  # time.monotonic()
    struck: Struck


@dataclass
class Outcome:
    """What a storm has shown."""

    evidence: Evidence
    injected: list[Injected] = field(default_factory=list[Injected])
    violations: dict[str, list[str]] = field(default_factory=dict[str, list[str]])


@dataclass(frozen=True)
class Strength:
    """How much happens in a storm, and by which dice."""

    seed: int
    seconds: float  # of faults
    conversations: int = 30
    hands: int = 2  # that break one thing after another
    pause_seconds: tuple[float, float] = (0.3, 2.7)  # of a hand between two things
    patience_seconds: float = 120.0  # of a client when all is well again, until it complains


class Storm:
    """Clients talk while hands break things; then all is healed and looked at."""

    def __init__(
        self,
        deployment: Deployment,
        provider: ModelServer,
        *,
        faults: Sequence[Fault],
        strength: Strength,
    ) -> None:
        self._deployment = deployment
        self._provider = provider
        self._faults = faults
        self._strength = strength
        self._random = Random(strength.seed)
        self._journal = Journal()
        self.injected: list[Injected] = []

    async def run(self) -> Outcome:
        """Start, break, heal, stop, and look at everything."""
        await self._deployment.start()
        talking = [self._conversation(number) for number in range(self._strength.conversations)]
        stop = asyncio.Event()
        tasks = [asyncio.create_task(one.run(stop)) for one in talking]
        own = asyncio.create_task(self._follow_all([one.thread_id for one in talking]))
        await self._break_things()
        self._journal.healed_at = time.monotonic()
        await self._deployment.calm()
        stop.set()
        await self._settle(tasks)
        await end({own})
        for one in talking:
            await one.close()
        left = await left_over(
            self._deployment,
            self._provider,
            patience_seconds=min(30.0, self._strength.patience_seconds),
        )
        live = await live_tables(self._deployment.postgres.owner_url)
        left += await self._deployment.stop()
        evidence = await self._look(live, left)
        return Outcome(evidence, self.injected, violations(evidence))

    def _conversation(self, number: int) -> Conversation:
        return Conversation(
            number,
            apis=self._deployment.apis,
            key=KEY,
            journal=self._journal,
            random=Random(self._random.getrandbits(64)),
            patience_seconds=self._strength.patience_seconds,
        )

    async def _follow_all(self, threads: Sequence[UUID]) -> None:
        """One stream of everything that the user has, with the chunks of some threads."""
        stream = StreamJournal(follow=frozenset(threads[:FOLLOWED]))
        self._journal.streams.append(stream)
        told = self._journal.told  # nobody can follow what is not there
        are_there = lambda: stream.follow <= {one.thread_id for one in told}  # noqa: E731
        await eventually(are_there, seconds=inf, every_seconds=0.1)
        path = "/v1/events?follow=" + ",".join(map(str, stream.follow))
        headers = {"Authorization": f"Bearer {KEY}"}
        async with httpx2.AsyncClient(headers=headers) as http:
            await Follower(
                http,
                path,
                apis=self._deployment.apis,
                stream=stream,
                journal=self._journal,
                random=Random(self._strength.seed),
            ).run()

    async def _break_things(self) -> None:
        """Several hands at once, each with a fault after the other."""
        ends_at = time.monotonic() + self._strength.seconds
        count = self._strength.hands
        deck = self._random.sample(self._faults, len(self._faults))  # each comes once, at least
        hands = [Random(self._random.getrandbits(64)) for _ in range(count)]
        if self._faults:
            await asyncio.gather(
                *(self._break_one(hand, deck[n::count], ends_at) for n, hand in enumerate(hands))
            )
        await asyncio.sleep(max(0.0, ends_at - time.monotonic()))

    async def _break_one(self, random: Random, deck: list[Fault], ends_at: float) -> None:
        weights = [fault.weight for fault in self._faults]
        while time.monotonic() < ends_at:
            await asyncio.sleep(random.uniform(*self._strength.pause_seconds))
            dice = Random(random.getrandbits(64))
            fault = deck.pop() if deck else dice.choices(self._faults, weights)[0]
            began = time.monotonic()
            struck = await fault.inject(self._deployment, dice)
            self.injected.append(Injected(fault.name, began, struck))

    async def _settle(self, tasks: Sequence[asyncio.Task[None]]) -> None:
        done, pending = await asyncio.wait(tasks, timeout=self._strength.patience_seconds + 30)
        for task in pending:
            task.cancel()
        if pending:
            self._journal.complaints.append(f"{len(pending)} clients still wait")
            await asyncio.wait(pending)
        for task in done:
            task.result()

    async def _look(self, live: dict[str, str], left: list[str]) -> Evidence:
        """Read the log and make the tables again, with nothing else running."""
        postgres = self._deployment.postgres
        await asyncio.to_thread(postgres.start)
        self._journal.complaints += [
            f"the model: {one}" for one in self._provider.ledger.complaints
        ]
        self._provider.ledger.complaints.clear()
        return Evidence(
            events=await read_log(postgres.owner_url),
            journal=self._journal,
            live_tables=live,
            rebuilt_tables=await rebuilt_tables(postgres.url, postgres.owner_url),
            requests=[hashlib.sha256(one.body).hexdigest() for one in self._provider.exchanges],
            left_over=left,
        )
