"""What a storm does to links: of one process to PostgreSQL or Redis, or of clients to an API."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from random import Random

from tests.faults.link import Direction
from tests.faults.proxy import POSTGRES_READY, FaultProxy
from tests.storm.apart import Apart
from tests.storm.deployment import Deployment
from tests.storm.struck import Struck

WORKERS = ("worker1", "worker2")
WRITERS = ("api1", "api2", *WORKERS)
ALL = (*WRITERS, "projector")
LOSING = ("answer lost", "reply lost")  # they wait for their moment, which may not come


def breaking(
    target: str, how: str, *, whose: Sequence[str] = ALL
) -> Callable[[Deployment, Random], Awaitable[Struck]]:
    """A fault for `faults.py`; `whose`: one of these processes' links, by chance."""

    async def inject(deployment: Deployment, random: Random) -> Struck:
        assert isinstance(deployment, Apart)
        if target == "clients":
            proxy = random.choice(deployment.clients)
        else:
            link = deployment.links[random.choice(whose)]
            proxy = link.postgres if target == "postgres" else link.redis
        connections, broken = proxy.connections, proxy.resets
        await _HOW[how](proxy, random)
        lost = proxy.resets - broken
        await proxy.heal()
        return Struck(lost if how in LOSING else connections)

    return inject


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
