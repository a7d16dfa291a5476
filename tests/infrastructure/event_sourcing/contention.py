"""Writers that get in each other's way: transactions long, short and undone, and group commits."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID, uuid4

from infrastructure.event_log import RUNTIME, GroupCommitWriter, LogEntry
from infrastructure.event_log.batch import Batch, NewEvent, NewEvents
from infrastructure.event_log.connection import connect, connected

WRITERS_EACH = 3  # in each process
ROLLED_BACK = b"rolled back"


class RolledBack(Exception):
    """This transaction was to end without a trace."""


@dataclass
class Told:
    """What writers were told of their events, and how often they gave up."""

    previous: dict[int, int | None] = field(default_factory=dict[int, int | None])
    commits: int = 0
    rollbacks: int = 0

    def __iadd__(self, other: "Told") -> "Told":
        self.previous |= other.previous
        self.commits += other.commits
        self.rollbacks += other.rollbacks
        return self

    def take(self, entries: Sequence[LogEntry]) -> None:
        """A commit was acknowledged."""
        self.commits += 1
        self.previous.update((entry.position, entry.previous) for entry in entries)


class Streams:
    """The streams of one writer, each in one of the threads that all share."""

    def __init__(self, threads: Sequence[UUID], *, seed: int) -> None:
        self.random = random.Random(seed)
        self._streams = [(uuid4(), self.random.choice(threads)) for _ in range(6)]
        self._versions: Counter[UUID] = Counter()

    def next(self, *, state: bytes = b"kept") -> list[NewEvents]:
        """Appends to some of them, one to fifty events in all."""
        chosen = self.random.sample(self._streams, self.random.randint(1, 3))
        return [
            NewEvents(
                stream,
                self._versions[stream],
                [NewEvent("completion.chunk@1", state)] * self.random.randint(1, 16),
                thread,
            )
            for stream, thread in chosen
        ]

    def wrote(self, appends: Sequence[NewEvents]) -> None:
        """They are in the log."""
        for append in appends:
            self._versions[append.stream_id] += len(append.events)


async def write_in_transactions(url: str, streams: Streams, *, events: int) -> Told:
    """Short, long and abandoned transactions around raw calls of the append function."""
    told = Told()
    async with connected(url, role=RUNTIME) as connection:
        while len(told.previous) < events:
            undone = streams.random.random() < 0.15
            appends = streams.next(state=ROLLED_BACK if undone else b"kept")
            batch = Batch()
            batch.add(appends)
            with suppress(RolledBack):
                async with connection.transaction():
                    await connection.fetchval("SELECT pg_current_xact_id()::text")
                    await hold(streams.random)
                    entries = batch.entries(await batch.send(connection))
                    await hold(streams.random)
                    if undone:
                        told.rollbacks += 1
                        raise RolledBack
                told.take(entries)
                streams.wrote(appends)
    return told


async def hold(chance: random.Random) -> None:
    """Leave the transaction open: mostly not, sometimes for long."""
    await asyncio.sleep(chance.choice((0, 0, 0, 0, 0.001, 0.002, 0.005, 0.02)))


async def write_in_groups(url: str, streams: Streams, *, events: int) -> Told:
    """As the product writes."""
    told = Told()
    async with GroupCommitWriter(partial(connect, url, role=RUNTIME)) as writer:
        while len(told.previous) < events:
            appends = streams.next()
            told.take(await writer.append(*appends))
            streams.wrote(appends)
            await hold(streams.random)
    return told


async def write(url: str, threads: Sequence[UUID], seed: int, events: int) -> Told:
    """The writers of one process."""
    kinds = (write_in_transactions, write_in_transactions, write_in_groups)
    writing = [
        kind(url, Streams(threads, seed=seed * WRITERS_EACH + n), events=events)
        for n, kind in enumerate(kinds)
    ]
    told = Told()
    for one in await asyncio.gather(*writing):
        told += one
    return told


def write_process(url: str, threads: Sequence[UUID], seed: int, events: int) -> Told:
    return asyncio.run(write(url, threads, seed, events))
