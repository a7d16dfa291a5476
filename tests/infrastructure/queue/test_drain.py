"""How a worker leaves: running jobs are told, waited for, and nothing new is taken."""

import asyncio

from taskiq import Context, TaskiqDepends

from infrastructure.embedded import EmbeddedValkey
from tests.infrastructure.queue.wake_ups import (
    DEADLINE_SECONDS,
    WakeUps,
    command,
    eventually,
    working,
)


async def test_a_running_job_is_told_to_hand_over_and_another_worker_goes_on(
    valkey: EmbeddedValkey, wake_ups: WakeUps
) -> None:
    started = asyncio.Event()

    @wake_ups.broker.task("converse")
    async def converse(context: Context = TaskiqDepends()) -> None:  # noqa: B008
        started.set()
        await context.state.draining.wait()
        await wake_ups.note.kiq("the rest")

    async with working(wake_ups.broker) as finish:
        await converse.kiq()
        await asyncio.wait_for(started.wait(), DEADLINE_SECONDS)
        finish.set()
    async with working(wake_ups.broker):
        assert await wake_ups.next_run() == "the rest"


async def test_a_leaving_worker_waits_for_its_jobs_and_takes_no_new_ones(wake_ups: WakeUps) -> None:
    async with working(wake_ups.broker, slots=1) as finish:
        await wake_ups.hold.kiq("running")
        await eventually(lambda: wake_ups.holding == 1)
        await wake_ups.note.kiq("for another worker")
        finish.set()
        wake_ups.release.set()
    assert await wake_ups.next_run() == "running"
    assert wake_ups.ran.empty()
    assert await command(wake_ups.redis, "XLEN", wake_ups.stream) == 1


async def test_a_leaving_worker_waits_no_longer_than_it_was_told_to(wake_ups: WakeUps) -> None:
    async with working(wake_ups.broker, wait_tasks_timeout=0.1):
        await wake_ups.hold.kiq("deaf")
        await eventually(lambda: wake_ups.holding == 1)
    assert wake_ups.ran.empty()
    wake_ups.release.set()
    assert await wake_ups.next_run() == "deaf"


async def test_listening_ends_whenever_it_is_cancelled(valkey: EmbeddedValkey) -> None:
    """On Python 3.11 redis-py swallows a cancellation that comes at the wrong moment."""
    for moment in range(0, 200, 5):
        async with WakeUps(valkey.url) as wake_ups:
            listening = asyncio.create_task(anext(wake_ups.broker.listen()))
            for _ in range(moment):
                await asyncio.sleep(0)
            listening.cancel()
            done, _ = await asyncio.wait([listening], timeout=5)
            assert done, f"still listening when cancelled at moment {moment}"
            assert listening.cancelled()
