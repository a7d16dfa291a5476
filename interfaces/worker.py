"""The worker process: answers, runs background tools, and sweeps up after dead workers."""

import asyncio
import logging
import os
import sys
from collections.abc import AsyncGenerator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

from application.describing import say
from infrastructure.cancel_hint import listen_for_cancels
from infrastructure.event_log import RUNTIME
from infrastructure.event_log.agents import last_described
from infrastructure.event_log.codec import UnknownEvent
from infrastructure.event_log.connection import connect
from infrastructure.gate import patiently
from infrastructure.queue.broker import ResilientStreamBroker
from infrastructure.queue.drain import serve
from infrastructure.settings import Settings
from infrastructure.tasks import end
from infrastructure.worker.heartbeat import Heartbeat
from infrastructure.worker.wake_up import register
from interfaces import processes
from interfaces.bootstrap import Ground, ground
from interfaces.cli.servers import Addresses
from interfaces.worker_parts import Worker, worker_parts

HAND_OVER_SECONDS = 5.0

logger = logging.getLogger(__name__)


async def serve_worker(settings: Settings, addresses: Addresses) -> None:
    """Work until SIGTERM or SIGINT, then finish what runs or hand it over."""
    finish = processes.finish_event()
    sys.path.insert(0, os.getcwd())  # where THREADLOG_AGENTS may find a user's modules
    async with (
        ground(settings, addresses) as base,
        worker_parts(settings, addresses, base) as worker,
    ):
        heart = Heartbeat(
            partial(connect, addresses.database, role=RUNTIME),
            worker_id=worker.id,
            on_cancel=worker.cancel,
        )
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(_kept_alive(heart.run()))
            await _first(heart.beating, finish)
            await stack.enter_async_context(_kept_alive(worker.sweeper.run()))
            hints = listen_for_cancels(
                base.redis, prefix=settings.redis_prefix, on_cancel=worker.cancel
            )
            await stack.enter_async_context(_kept_alive(hints))
            if "completion" in worker.runners:
                await stack.enter_async_context(_kept_alive(_describe(base, worker)))
            await _work(settings, base, worker, finish=finish)


async def _work(settings: Settings, base: Ground, worker: Worker, *, finish: asyncio.Event) -> None:
    async with AsyncExitStack() as stack:
        for runner in worker.runners.values():
            await stack.enter_async_context(_kept_alive(runner.look_for_ever()))
        emptied: list[asyncio.Event] = []
        for broker, slots in _queues(settings, base, worker):
            emptied.append(asyncio.Event())
            receiving = _receive(settings, broker, slots=slots, finish=finish, emptied=emptied[-1])
            await stack.enter_async_context(_kept_alive(receiving))
        processes.settle()
        logger.info("ready: worker %s", worker.id)
        await finish.wait()
        times = {"seconds": settings.drain_seconds, "hand_over_seconds": HAND_OVER_SECONDS}
        await asyncio.gather(
            *(runner.drain(**times) for runner in worker.runners.values()),
            *(queue.wait() for queue in emptied),  # of plain tasks, too
        )


async def _describe(base: Ground, worker: Worker) -> None:
    """Let others know which agents answer here."""
    read_last = partial(last_described, base.log.reader)
    by = f"worker:{worker.id}"
    try:
        await patiently(lambda: say(base.log, read_last, worker.described, by=by))
    except UnknownEvent as newer:
        logger.warning("a newer version has described the agents: %s", newer)
    await asyncio.Event().wait()


def _queues(
    settings: Settings, base: Ground, worker: Worker
) -> list[tuple[ResilientStreamBroker, int]]:
    """Those whose wake-ups this process takes, and how many at once."""
    queues: list[tuple[ResilientStreamBroker, int]] = []
    if (runner := worker.runners.get("completion")) is not None:
        base.broker.state.runner = runner
        register(base.broker)
        queues.append((base.broker, settings.slots))
    if "tool" in worker.runners:
        queues.append((base.tools, settings.tool_slots))
    return queues


async def _receive(
    settings: Settings,
    broker: ResilientStreamBroker,
    *,
    slots: int,
    finish: asyncio.Event,
    emptied: asyncio.Event,
) -> None:
    """Take wake-ups until `finish`; `emptied` is set when what they began has ended, or is late."""
    await serve(
        broker,
        max_async_tasks=slots,
        finish=finish,
        wait_tasks_timeout=settings.drain_seconds + HAND_OVER_SECONDS,
    )
    assert finish.is_set(), "the queue's receiver has ended by itself"
    emptied.set()
    await asyncio.Event().wait()


@asynccontextmanager
async def _kept_alive(work: Coroutine[Any, Any, None]) -> AsyncGenerator[None]:
    """Run it beside the block. Should it end by itself, so does the process, to be begun again."""
    task = asyncio.create_task(work)
    block = asyncio.current_task()
    assert block is not None
    task.add_done_callback(lambda ended: None if ended.cancelled() else block.cancel())
    try:
        yield
    finally:
        if task.done() and not task.cancelled():
            logger.critical("the worker cannot go on", exc_info=task.exception())
        await end({task})


async def _first(*events: asyncio.Event) -> None:
    waiting = {asyncio.create_task(event.wait()) for event in events}
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    await end(waiting)
