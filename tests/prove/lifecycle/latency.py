"""How soon a cancellation is felt: by the provider of a silent model, and by a tool that runs."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from tests.prove.lifecycle.agents import HELD_SECONDS
from tests.prove.lifecycle.scene import Asked, Scene, call
from tests.system.stack import eventually

TIMES = 100
LANES = 5
TYPICAL_SECONDS = 0.25
P99_SECONDS = 2.0
LOOK_SECONDS = 0.002


async def prove_latency(scene: Scene) -> None:
    """From before the POST, some at a time."""
    for _ in range(LANES):
        await _silent_model(scene)  # warms up
    silent = await _measure(scene, _silent_model)
    _tell(scene, "cancel to the socket of a silent model closed", silent)
    tools = await _measure(scene, _running_tool)
    _tell(scene, "cancel to the CancelledError in a running tool", tools)


async def _measure(scene: Scene, once: Callable[[Scene], Awaitable[float]]) -> Sequence[float]:
    lanes = asyncio.Semaphore(LANES)

    async def one() -> float:
        async with lanes:
            return await once(scene)

    return sorted(await asyncio.gather(*(one() for _ in range(TIMES))))


def _tell(scene: Scene, what: str, seconds: Sequence[float]) -> None:
    scene.figures.equal(f"{what}, times", len(seconds), TIMES)
    p50, p99 = seconds[len(seconds) // 2], seconds[int(len(seconds) * 0.99) - 1]
    scene.figures.at_most(f"{what}, p50", p50, TYPICAL_SECONDS, unit=" s")
    scene.figures.at_most(f"{what}, p99", p99, P99_SECONDS, unit=" s")
    scene.figures.tell(f"{what}, slowest", f"{seconds[-1]:.3f} s")


async def _silent_model(scene: Scene) -> float:
    tag = scene.tag("silent")
    asked = await scene.ask(tag, words=5, fault="stall", after=4)
    await eventually(
        lambda: [one for one in scene.provider.by_key[tag] if one.frames == 4], seconds=30
    )
    await asyncio.sleep(scene.random.uniform(0.0, 0.3))  # it has been silent for a while
    posted_at = await _cancel(scene, asked)
    [exchange] = scene.provider.by_key[tag]
    await eventually(lambda: exchange.ended_at, every_seconds=LOOK_SECONDS)
    assert exchange.ended_at is not None
    assert exchange.end == "hung up", exchange.end
    await _is_cancelled(scene, asked)
    return exchange.ended_at - posted_at


async def _running_tool(scene: Scene) -> float:
    tag = scene.tag("running")
    asked = await scene.ask(tag, calls=[call("look", tag, hold=HELD_SECONDS)])
    await scene.has_effect(tag, "look")
    await asyncio.sleep(scene.random.uniform(0.0, 0.3))
    posted_at = await _cancel(scene, asked)
    await eventually(lambda: tag in scene.counter.stopped, every_seconds=LOOK_SECONDS)
    await _is_cancelled(scene, asked)
    return scene.counter.stopped[tag] - posted_at


async def _cancel(scene: Scene, asked: Asked) -> float:
    """When it was about to be posted, in monotonic seconds."""
    posted_at = time.monotonic()
    await scene.client.post(f"/v1/completions/{asked.completion_id}/cancel")
    return posted_at


async def _is_cancelled(scene: Scene, asked: Asked) -> None:
    events = await scene.streams.until_end(asked.completion_id)
    assert events[-1].name == "completion.cancelled", events[-1]
