"""What goes wrong in a storm, a row for each fault: processes, links, clocks, the disk."""

import asyncio
import contextlib
import errno
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from random import Random

import psutil
from redis.exceptions import RedisError

from tests.faults.processes import resume, strike, suspend
from tests.servers import redis_client
from tests.storm.apart import Apart
from tests.storm.deployment import Deployment
from tests.storm.link_faults import WRITERS, breaking
from tests.storm.struck import Struck

Inject = Callable[[Deployment, Random], Awaitable[Struck]]
"""Does it, and sees that it passes. The dice are this fault's own."""


@dataclass(frozen=True)
class Fault:
    """One way to break something. `weight`: how often it is chosen beside the others."""

    name: str
    inject: Inject
    weight: int = 1


def killing(*kinds: str, one: bool = False) -> Inject:
    async def inject(deployment: Deployment, random: Random) -> Struck:
        victims = [process for kind in kinds for process in deployment.members(kind)]
        if one and victims:
            victims = [random.choice(victims)]
        return _kill(victims)

    return inject


def _kill(victims: Sequence[psutil.Process]) -> Struck:
    """What PostgreSQL has begun itself is counted apart."""
    own = [process for process in victims if process.name() != "postgres"]
    trees = strike(victims) - len(own)
    return Struck(
        len(own) + bool(trees), processes=len(own) + bool(trees), backends=max(0, trees - 1)
    )


async def _kill_everything(deployment: Deployment, random: Random) -> Struck:
    del random
    return _kill(deployment.everything())


async def _leave(deployment: Deployment, random: Random) -> Struck:
    victims = deployment.members("worker")
    if victims:
        with contextlib.suppress(psutil.Error):
            random.choice(victims).terminate()
    return Struck(min(1, len(victims)))


def pausing(kind: str, *, seconds: tuple[float, float]) -> Inject:
    async def inject(deployment: Deployment, random: Random) -> Struck:
        victims = deployment.members(kind)
        if kind in ("api", "worker") and victims:
            victims = [random.choice(victims)]
        suspend(victims)
        try:
            await asyncio.sleep(random.uniform(*seconds))
        finally:
            resume(victims)
        return Struck(len(victims))

    return inject


async def flush(deployment: Deployment, random: Random) -> Struck:
    del random
    client = redis_client(deployment.valkey.url)
    struck = Struck(0)
    with contextlib.suppress(RedisError, OSError):  # it may have been killed just now
        await client.flushall()  # pyright: ignore[reportUnknownMemberType]
        struck = Struck(1)
    await client.aclose()
    return struck


def wrong_clock(*kinds: str) -> Inject:
    """Wrong for some seconds: an hour, or as little as a correction."""

    async def inject(deployment: Deployment, random: Random) -> Struck:
        assert isinstance(deployment, Apart)
        kind = random.choice(kinds)
        clock = deployment.clocks[kind]
        crashes = (
            deployment.crash_or_wrong_clock if kind == "postgres" else contextlib.nullcontext()
        )
        async with crashes:
            clock.set(random.choice([3600.0, -3600.0, -5.0]))
            await asyncio.sleep(random.uniform(1.0, 5.0))
            clock.set(0.0)
        return Struck(1)

    return inject


async def _full_disk(deployment: Deployment, random: Random) -> Struck:
    assert isinstance(deployment, Apart)
    async with deployment.crash_or_wrong_clock:
        await asyncio.to_thread(deployment.disk.fill)
        await asyncio.sleep(random.uniform(1.0, 4.0))
        deployment.disk.free()
    return Struck(1)


async def _slow_fsync(deployment: Deployment, random: Random) -> Struck:
    """Every acknowledgement waits for it."""
    assert isinstance(deployment, Apart)
    deployment.syncing.delay(0.2)
    await asyncio.sleep(random.uniform(2.0, 5.0))
    deployment.syncing.heal()
    return Struck(1)


async def _failing_fsync(deployment: Deployment, random: Random) -> Struck:
    """PostgreSQL believes its disk nothing more, and ends itself."""
    assert isinstance(deployment, Apart)
    async with deployment.crash_or_wrong_clock:
        deployment.syncing.fail(errno.EIO)
        await asyncio.sleep(random.uniform(0.2, 1.0))
        deployment.syncing.heal()
    return Struck(1)


SHORT = (0.3, 4.0)
HUNG = (33.0, 38.0)  # a worker is taken for dead after 30 s

PROCESSES: tuple[Fault, ...] = (
    Fault("kill -9 API", killing("api", one=True), 6),
    Fault("kill -9 worker", killing("worker", one=True), 8),
    Fault("kill -9 all workers", killing("worker"), 2),
    Fault("kill -9 worker and API", killing("worker", "api"), 2),
    Fault("kill -9 projector", killing("projector"), 3),
    Fault("kill -9 PostgreSQL, whole tree", killing("postgres"), 3),
    Fault("kill -9 Redis", killing("valkey"), 4),
    Fault("FLUSHALL", flush, 3),
    Fault("kill -9 everything", _kill_everything, 1),
    Fault("SIGTERM worker", _leave, 2),
    Fault("SIGSTOP worker", pausing("worker", seconds=SHORT), 2),
    Fault("SIGSTOP API", pausing("api", seconds=SHORT), 2),
    Fault("SIGSTOP projector", pausing("projector", seconds=SHORT), 1),
    Fault("SIGSTOP PostgreSQL", pausing("postgres", seconds=SHORT), 2),
    Fault("SIGSTOP Redis", pausing("valkey", seconds=SHORT), 2),
)

LINKS: tuple[Fault, ...] = (
    Fault("PostgreSQL link reset", breaking("postgres", "reset"), 2),
    Fault("PostgreSQL link away", breaking("postgres", "away"), 2),
    Fault("PostgreSQL link frozen", breaking("postgres", "frozen"), 2),
    Fault("PostgreSQL link black hole", breaking("postgres", "black hole"), 2),
    Fault("PostgreSQL link 200 ms + 1 % resets", breaking("postgres", "slow"), 1),
    Fault("append's answer lost", breaking("postgres", "answer lost", whose=WRITERS), 4),
    Fault("Redis link reset", breaking("redis", "reset"), 1),
    Fault("Redis link frozen", breaking("redis", "frozen"), 1),
    Fault("Redis link black hole", breaking("redis", "black hole"), 1),
    Fault("client link reset", breaking("clients", "reset"), 2),
    Fault("client link frozen", breaking("clients", "frozen"), 1),
    Fault("client link black hole", breaking("clients", "black hole"), 1),
    Fault("reply to a POST lost", breaking("clients", "reply lost"), 3),
)

MACHINE: tuple[Fault, ...] = (
    Fault("clock of PostgreSQL ±1 h, -5 s", wrong_clock("postgres"), 2),
    Fault(
        "clock of API, worker, projector ±1 h, -5 s", wrong_clock("api", "worker", "projector"), 2
    ),
    Fault("disk full", _full_disk, 1),
    Fault("fsync takes 200 ms", _slow_fsync, 1),
    Fault("EIO on fsync", _failing_fsync, 1),
)

LAUNCHED: tuple[Fault, ...] = (
    Fault("kill -9 launcher", killing("up"), 1),
    Fault("SIGSTOP worker for longer than the takeover takes", pausing("worker", seconds=HUNG)),
)
