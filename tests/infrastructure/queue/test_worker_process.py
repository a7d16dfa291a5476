"""Tasks declared without a broker, run by real worker processes that share one queue."""

import asyncio
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from taskiq import async_shared_broker

from infrastructure.embedded import EmbeddedValkey
from tests.infrastructure.queue.wake_ups import DEADLINE_SECONDS, WakeUps, command, eventually
from tests.infrastructure.queue.worker import meet

ROOT = Path(__file__).parents[3]


@asynccontextmanager
async def worker_process(url: str, prefix: str) -> AsyncGenerator[asyncio.subprocess.Process]:
    """A worker; at the end it is asked to leave, and has to do so in good order."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.infrastructure.queue.worker", url, prefix, cwd=ROOT
    )
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), DEADLINE_SECONDS) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_two_worker_processes_share_the_tasks_of_the_shared_broker(
    valkey: EmbeddedValkey, wake_ups: WakeUps
) -> None:
    async_shared_broker.default_broker(wake_ups.broker)
    places = [f"{wake_ups.prefix}{name}" for name in ("bridge", "harbour")]
    for place in places:  # with one slot each, a worker that took two entries would wait for itself
        await meet.kiq(place)
        await meet.kiq(place)

    async def met(place: str, pids: set[int]) -> bool:
        return {
            int(pid) for pid in await command(wake_ups.redis, "LRANGE", f"{place}:met", 0, -1)
        } == pids

    async with (
        worker_process(valkey.url, wake_ups.prefix) as one,
        worker_process(valkey.url, wake_ups.prefix) as other,
    ):
        for place in places:
            await eventually(partial(met, place, {one.pid, other.pid}))
        await eventually(wake_ups.is_empty)
