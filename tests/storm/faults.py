"""What goes wrong in a storm, a row for each fault: processes, links, clocks, the disk."""

import asyncio
import contextlib
import errno
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

import psutil

from tests.faults.link import Direction
from tests.faults.proxy import POSTGRES_READY, FaultProxy
from tests.servers import redis_client
from tests.storm.deployment import Apart, Deployment

Inject = Callable[[Deployment, Random], Awaitable[int]]
"""Does it, and sees that it passes; how many processes it has killed."""


@dataclass(frozen=True)
class Fault:
    """One way to break something. `weight`: how often it is chosen beside the others."""

    name: str
    inject: Inject
    weight: int = 1


def killing(*kinds: str, one: bool = False) -> Inject:
    async def inject(deployment: Deployment, random: Random) -> int:
        victims = [process for kind in kinds for process in deployment.members(kind)]
        if one and victims:
            victims = [random.choice(victims)]
        return kill(victims)

    return inject


async def _kill_everything(deployment: Deployment, random: Random) -> int:
    del random
    return kill(deployment.everything())


async def _leave(deployment: Deployment, random: Random) -> int:
    victims = deployment.members("worker")
    if victims:
        with contextlib.suppress(psutil.Error):
            random.choice(victims).terminate()
    return 0


def _pausing(kind: str, *, seconds: tuple[float, float]) -> Inject:
    async def inject(deployment: Deployment, random: Random) -> int:
        victims = deployment.members(kind)
        if kind in ("api", "worker") and victims:
            victims = [random.choice(victims)]
        await _paused(victims, seconds=random.uniform(*seconds))
        return 0

    return inject


async def flush(deployment: Deployment, random: Random) -> int:
    del random
    client = redis_client(deployment.valkey.url)
    with contextlib.suppress(Exception):  # it may have been killed just now
        await client.flushall()  # pyright: ignore[reportUnknownMemberType]
    await client.aclose()
    return 0


WORKERS = ("worker1", "worker2")
WRITERS = ("api1", "api2", *WORKERS)
ALL = (*WRITERS, "projector")


def breaking(target: str, how: str, *, whose: Sequence[str] = ALL) -> Inject:
    """A link of one process to PostgreSQL or Redis, or of clients to an API."""

    async def inject(deployment: Deployment, random: Random) -> int:
        assert isinstance(deployment, Apart)
        if target == "clients":
            proxy = random.choice(deployment.clients)
        else:
            link = deployment.links[random.choice(whose)]
            proxy = link.postgres if target == "postgres" else link.redis
        await _HOW[how](proxy, random)
        await proxy.heal()
        return 0

    return inject


def wrong_clock(*kinds: str) -> Inject:
    """Wrong for some seconds: an hour, or as little as a correction."""

    async def inject(deployment: Deployment, random: Random) -> int:
        assert isinstance(deployment, Apart)
        clock = deployment.clocks[random.choice(kinds)]
        clock.set(random.choice([3600.0, -3600.0, -5.0]))
        await asyncio.sleep(random.uniform(1.0, 5.0))
        clock.set(0.0)
        return 0

    return inject


async def _full_disk(deployment: Deployment, random: Random) -> int:
    assert isinstance(deployment, Apart)
    await asyncio.to_thread(deployment.disk.fill)
    await asyncio.sleep(random.uniform(1.0, 4.0))
    deployment.disk.free()
    return 0


async def _slow_fsync(deployment: Deployment, random: Random) -> int:
    """Every acknowledgement waits for it."""
    assert isinstance(deployment, Apart)
    deployment.syncing.delay(0.2)
    await asyncio.sleep(random.uniform(2.0, 5.0))
    deployment.syncing.heal()
    return 0


async def _failing_fsync(deployment: Deployment, random: Random) -> int:
    """PostgreSQL believes its disk nothing more, and ends itself."""
    assert isinstance(deployment, Apart)
    deployment.syncing.fail(errno.EIO)
    await asyncio.sleep(random.uniform(0.2, 1.0))
    deployment.syncing.heal()
    return 0


async def _reset(proxy: FaultProxy, random: Random) -> None:
    del random
    proxy.reset()


async def _away(proxy: FaultProxy, random: Random) -> None:
    proxy.shut()
    await asyncio.sleep(random.uniform(0.3, 3.0))


async def _freeze(proxy: FaultProxy, random: Random) -> None:
    ways: list[tuple[Direction, ...]] = [("up",), ("down",), ("up", "down")]
    proxy.hold(*random.choice(ways))
    await asyncio.sleep(random.uniform(0.3, 5.0))


async def _swallow(proxy: FaultProxy, random: Random) -> None:
    proxy.black_hole()
    await asyncio.sleep(random.uniform(0.3, 4.0))


async def _slow(proxy: FaultProxy, random: Random) -> None:
    proxy.delay(0.2)
    proxy.reset_at_random(0.01)
    await asyncio.sleep(random.uniform(2.0, 4.0))


async def _lose_answer(proxy: FaultProxy, random: Random) -> None:
    """Some append is committed, and who sent it is not told."""
    for _ in range(random.randint(1, 3)):
        proxy.lose_answer(b'{"at":', answer=POSTGRES_READY)
        await _until_cut(proxy)


async def _lose_reply(proxy: FaultProxy, random: Random) -> None:
    """Some POST has its effect, and its client is not told."""
    for _ in range(random.randint(1, 3)):
        proxy.lose_answer(b"POST /v1/")
        await _until_cut(proxy)


async def _until_cut(proxy: FaultProxy) -> None:
    for _ in range(40):
        if not proxy.is_armed:
            return
        await asyncio.sleep(0.05)


_HOW: Mapping[str, Callable[[FaultProxy, Random], Awaitable[None]]] = {
    "reset": _reset,
    "away": _away,
    "frozen": _freeze,
    "black hole": _swallow,
    "slow": _slow,
    "answer lost": _lose_answer,
    "reply lost": _lose_reply,
}


def kill(processes: Sequence[psutil.Process]) -> int:
    """All at one moment: stopped first, so that none can react; how many there were."""
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.suspend()
    killed = 0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.kill()
            killed += 1
    return killed


async def _paused(processes: Sequence[psutil.Process], *, seconds: float) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.suspend()
    try:
        await asyncio.sleep(seconds)
    finally:
        for process in processes:
            with contextlib.suppress(psutil.Error):
                process.resume()


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
    Fault("SIGSTOP worker", _pausing("worker", seconds=SHORT), 2),
    Fault("SIGSTOP API", _pausing("api", seconds=SHORT), 2),
    Fault("SIGSTOP projector", _pausing("projector", seconds=SHORT), 1),
    Fault("SIGSTOP PostgreSQL", _pausing("postgres", seconds=SHORT), 2),
    Fault("SIGSTOP Redis", _pausing("valkey", seconds=SHORT), 2),
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
    Fault("SIGSTOP worker for longer than the takeover takes", _pausing("worker", seconds=HUNG)),
)
