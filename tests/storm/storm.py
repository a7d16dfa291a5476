"""One storm from beginning to end: start, talk, break, heal, read everything, check."""

import asyncio
import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from tests.model_server import ModelServer
from tests.storm.conversation import Conversation
from tests.storm.deployment import Deployment
from tests.storm.evidence import Evidence, read_log
from tests.storm.faults import Fault
from tests.storm.invariants import violations
from tests.storm.journal import Journal
from tests.storm.quiet import left_over
from tests.storm.tables import live_tables, rebuilt_tables
from tests.system.stack import KEY


@dataclass(frozen=True)
class Injected:
    """A fault that was done."""

    name: str
    at: float  # time.monotonic()
    until: float
    killed: int


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
        await self._break_things()
        await self._deployment.calm()
        stop.set()
        await self._settle(tasks)
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

    async def _break_things(self) -> None:
        """Several hands at once, each with a fault after the other."""
        ends_at = time.monotonic() + self._strength.seconds
        hands = [Random(self._random.getrandbits(64)) for _ in range(self._strength.hands)]
        if self._faults:
            await asyncio.gather(*(self._break_one(hand, ends_at) for hand in hands))
        await asyncio.sleep(max(0.0, ends_at - time.monotonic()))

    async def _break_one(self, random: Random, ends_at: float) -> None:
        weights = [fault.weight for fault in self._faults]
        while time.monotonic() < ends_at:
            await asyncio.sleep(random.uniform(*self._strength.pause_seconds))
            [fault] = random.choices(self._faults, weights)
            began = time.monotonic()
            killed = await fault.inject(self._deployment, random)
            self.injected.append(Injected(fault.name, began, time.monotonic(), killed))

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
