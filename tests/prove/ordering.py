"""Order under contention, seen by two readers at the tail; and the library's own test classes.

Twelve writers in four processes: transactions that are held open, that are rolled back, and the
product's group commit. Then the same with an append function that takes no lock, where the checker
must find missed events: a checker that sees nothing proves nothing.
"""

import asyncio
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing import get_context
from uuid import uuid4

from infrastructure.embedded import EmbeddedPostgres
from infrastructure.event_log import LogReader
from infrastructure.event_log.connection import connected
from infrastructure.event_sourcing import Factory, LogSubscription
from tests.infrastructure.event_log.appending import until
from tests.infrastructure.event_log.databases import LogDatabase, new_log
from tests.infrastructure.event_sourcing.conformance import MAJORS, prove_conformance
from tests.infrastructure.event_sourcing.contention import (
    ROLLED_BACK,
    WRITERS_EACH,
    Told,
    write_process,
)
from tests.servers import FAST, data_folder, erase

PROCESSES, THREADS = 4, 5
EVENTS, EVENTS_BROKEN = 20_400, 3_600
LOCK = "LOCK TABLE ONLY threadlog.append_turn IN SHARE UPDATE EXCLUSIVE MODE;"
DENSE, SEQUENCE = "last + x.n,", "nextval('threadlog.positions'),"


async def tail(url: str, finished: asyncio.Event) -> list[int]:
    """Positions as a projection sees them: always after the last one that it has seen."""
    seen: list[int] = []
    async with LogReader(url, timeout_seconds=30) as reader:
        while True:
            was_finished = finished.is_set()
            scan = await reader.read_after(seen[-1] if seen else 0, limit=200)
            seen += [entry.position for entry in scan.entries]
            if was_finished and not scan.entries:
                return seen


def follow(subscription: LogSubscription, seen: list[int]) -> None:
    """Positions as the library's subscription sees them, until it is stopped."""
    with subscription:
        seen.extend(notification.id for notification in subscription)


@dataclass(frozen=True)
class Findings:
    """One run: what was done, and what went wrong."""

    major: int
    function: str
    seconds: int
    writers: int
    events: int
    commits: int
    rollbacks: int
    missed: int
    missed_by_subscription: int
    holes: int
    told_wrong: int
    previous_wrong: int
    versions_wrong: int
    rolled_back_seen: int
    read_as_stored: bool  # by both readers, each event once and in order

    @property
    def sound(self) -> bool:
        wrong = self.missed + self.missed_by_subscription + self.holes + self.told_wrong
        wrong += self.previous_wrong + self.versions_wrong + self.rolled_back_seen
        return self.read_as_stored and not wrong


async def run(log: LogDatabase, *, major: int, function: str, events: int) -> Findings:
    """Write and read at once, then compare."""
    started = time.monotonic()
    threads = [uuid4() for _ in range(THREADS)]
    finished, followed = asyncio.Event(), list[int]()
    factory = Factory({"THREADLOG_DATABASE_URL": log.url})
    recorder = factory.application_recorder()
    subscription = recorder.subscribe()
    following = asyncio.create_task(asyncio.to_thread(follow, subscription, followed))
    tailing = asyncio.create_task(tail(log.url, finished))
    told = Told()
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        quota = events // (PROCESSES * WRITERS_EACH)
        loop = asyncio.get_running_loop()
        writing = [
            loop.run_in_executor(pool, write_process, log.url, threads, seed, quota)
            for seed in range(PROCESSES)
        ]
        for one in await asyncio.gather(*writing):
            told += one
    finished.set()
    seen = await tailing
    last = await asyncio.to_thread(recorder.max_notification_id)

    async def caught_up() -> bool:
        return followed[-1:] == [last]

    await until(caught_up, seconds=30)
    await asyncio.to_thread(subscription.stop)
    await following
    await asyncio.to_thread(factory.close)
    return await compare(
        log,
        told,
        [seen, followed],
        major=major,
        function=function,
        seconds=round(time.monotonic() - started),
    )


async def compare(
    log: LogDatabase,
    told: Told,
    seen: Sequence[Sequence[int]],
    *,
    major: int,
    function: str,
    seconds: int,
) -> Findings:
    """What readers saw and writers were told against what is there."""
    async with connected(log.owner_url) as superuser:
        rows = await superuser.fetch(
            "SELECT notification_id, coalesce(lag(notification_id) OVER"
            " (PARTITION BY thread_id ORDER BY notification_id), 0), state"
            " FROM threadlog.chat_events"
        )
        versions_wrong = await superuser.fetchval(
            "SELECT count(*) FROM (SELECT FROM threadlog.chat_events GROUP BY originator_id"
            " HAVING max(originator_version) <> count(*)) AS stream"
        )
    stored: dict[int, int] = {row[0]: row[1] for row in rows}
    return Findings(
        major=major,
        function=function,
        seconds=seconds,
        writers=PROCESSES * WRITERS_EACH,
        events=len(stored),
        commits=told.commits,
        rollbacks=told.rollbacks,
        missed=len(stored.keys() - set(seen[0])),
        missed_by_subscription=len(stored.keys() - set(seen[1])),
        holes=max(stored) - len(stored),
        told_wrong=len(stored.keys() ^ told.previous.keys()),
        previous_wrong=sum(stored.get(p, prev) != prev for p, prev in told.previous.items()),
        versions_wrong=versions_wrong,
        rolled_back_seen=sum(row[2] == ROLLED_BACK for row in rows),
        read_as_stored=all(list(positions) == sorted(stored) for positions in seen),
    )


async def take_the_lock_out(log: LogDatabase) -> None:
    """Make the append function a bare sequence, as most logs on PostgreSQL have it."""
    async with connected(log.owner_url) as superuser:
        function = await superuser.fetchval(
            "SELECT pg_get_functiondef('threadlog.chat_events_append'::regproc)"
        )
        assert function.count(LOCK) == 1
        assert function.count(DENSE) == 1
        await superuser.execute(
            "CREATE SEQUENCE threadlog.positions;"
            "ALTER SEQUENCE threadlog.positions OWNER TO threadlog_owner;"
            + function.replace(LOCK, "").replace(DENSE, SEQUENCE)
        )


COLUMNS = (
    ("postgresql", "major", 11),
    ("append", "function", 10),
    ("seconds", "seconds", 8),
    ("writers", "writers", 8),
    ("events", "events", 8),
    ("commits", "commits", 8),
    ("rolled back", "rollbacks", 12),
    ("missed", "missed", 7),
    ("subscriber", "missed_by_subscription", 11),
    ("holes", "holes", 6),
    ("told", "told_wrong", 6),
    ("prev", "previous_wrong", 6),
    ("versions", "versions_wrong", 9),
    ("resurrected", "rolled_back_seen", 12),
)  # title, field of the findings, width


def say(cells: Iterable[object]) -> None:
    """One line of a table."""
    line = "".join(
        f"{cell:<{width}}" if n < 2 else f"{cell:>{width}} "
        for n, (cell, (_, _, width)) in enumerate(zip(cells, COLUMNS, strict=True))
    )
    sys.stdout.write(line.rstrip() + "\n")
    sys.stdout.flush()


def report(found: Findings) -> None:
    values: list[int | str] = [getattr(found, field) for _, field, _ in COLUMNS]
    say(f"{value:,}" if isinstance(value, int) else value for value in values)


def prove_order(servers: Mapping[int, EmbeddedPostgres]) -> bool:
    """The product's function on each major, then the broken one, which must be found out."""
    say(title for title, _, _ in COLUMNS)
    sound = True
    for major, server in servers.items():
        log = asyncio.run(new_log(server))
        found = asyncio.run(run(log, major=major, function="as it is", events=EVENTS))
        report(found)
        if not found.read_as_stored:
            sys.stdout.write("a reader saw something else than the log, or in another order\n")
        sound = sound and found.sound and found.events >= 20_000
    log = asyncio.run(new_log(servers[MAJORS[-1]]))
    asyncio.run(take_the_lock_out(log))
    broken = asyncio.run(
        run(log, major=MAJORS[-1], function="no lock", events=EVENTS_BROKEN),
    )
    report(broken)
    if not broken.missed or not broken.missed_by_subscription:
        sys.stdout.write("the checker sees nothing: without the lock it missed no event\n")
        return False
    return sound


def main() -> int:
    """0 when nothing was missed, the broken function was found out and all classes passed."""
    started = time.monotonic()
    with ExitStack() as stack:
        servers: dict[int, EmbeddedPostgres] = {}
        for major in MAJORS:
            server = EmbeddedPostgres(
                stack.enter_context(data_folder()), major=major, settings=FAST
            )
            stack.callback(erase, server)
            server.start()
            servers[major] = server
        ordered = prove_order(servers)
    conforms = prove_conformance()
    sys.stdout.write(f"ordering: {time.monotonic() - started:.0f} s\n")
    return 0 if ordered and conforms else 1
