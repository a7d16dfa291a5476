"""The worker process: claims completions, answers them, and sweeps up after dead workers."""

import asyncio
import logging
import os
import sys
from collections.abc import AsyncGenerator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any
from uuid import UUID

from application.agent_names import AgentsSettingInvalid
from application.agents import load_agents
from application.claims import Claims
from application.engine import ChatEngine
from application.engine_parts import EngineParts
from application.models import (
    ModelKeyMissing,
    ProviderNotInstalled,
    UnknownModel,
    close_models,
    resolve_model,
)
from application.warm_up import warm_up
from domain.ids import uuid7
from infrastructure.cancel_hint import listen_for_cancels
from infrastructure.event_log import RUNTIME, PostgresBlobStore
from infrastructure.event_log.connection import connect
from infrastructure.event_log.database import Database
from infrastructure.queue.drain import serve
from infrastructure.read_database import ReadDatabase
from infrastructure.settings import Settings
from infrastructure.tasks import end
from infrastructure.worker.heartbeat import Heartbeat
from infrastructure.worker.open_runs import OpenRuns
from infrastructure.worker.runner import Runner
from infrastructure.worker.sweeper import Sweeper
from infrastructure.worker.wake_up import register
from interfaces import processes
from interfaces.agents.demo_model import demo_model
from interfaces.bootstrap import Ground, ground
from interfaces.cli.servers import Addresses

HAND_OVER_SECONDS = 5.0
DATABASE_SECONDS = 3.0

logger = logging.getLogger(__name__)


async def serve_worker(settings: Settings, addresses: Addresses) -> None:
    """Work until SIGTERM or SIGINT, then finish what runs or hand it over."""
    finish = processes.finish_event()
    sys.path.insert(0, os.getcwd())  # where THREADLOG_AGENTS may find a user's modules
    worker_id = uuid7()
    async with (
        ground(settings, addresses) as base,
        _database(addresses) as database,
        _engine(settings, addresses, base, database) as engine,
    ):
        open_runs = OpenRuns(database)
        claims = Claims(
            base.log,
            turns=base.turns,
            worker_id=worker_id,
            is_unclaimed=open_runs.is_unclaimed,
        )
        runner = Runner(
            claims=claims,
            engine=engine,
            open_runs=open_runs,
            worker_id=worker_id,
            slots=settings.slots,
        )
        sweeper = Sweeper(open_runs=open_runs, runner=runner, claims=claims, worker_id=worker_id)
        heart = Heartbeat(
            partial(connect, addresses.database, role=RUNTIME),
            worker_id=worker_id,
            on_cancel=runner.cancel,
        )
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(_kept_alive(heart.run()))
            await _first(heart.beating, finish)
            await stack.enter_async_context(_kept_alive(sweeper.run()))
            await stack.enter_async_context(_listening(settings, base, runner))
            await _work(settings, base, runner, worker_id=worker_id, finish=finish)


async def _work(
    settings: Settings, base: Ground, runner: Runner, *, worker_id: UUID, finish: asyncio.Event
) -> None:
    base.broker.state.runner = runner
    register(base.broker)
    processes.settle()
    logger.info("ready: worker %s", worker_id)
    async with _kept_alive(runner.look_for_ever()), _kept_alive(_receive(settings, base, finish)):
        await finish.wait()
        await runner.drain(seconds=settings.drain_seconds, hand_over_seconds=HAND_OVER_SECONDS)


async def _receive(settings: Settings, base: Ground, finish: asyncio.Event) -> None:
    """Take wake-ups; returns only after `finish`."""
    await serve(
        base.broker,
        max_async_tasks=settings.slots,
        finish=finish,
        wait_tasks_timeout=settings.drain_seconds + HAND_OVER_SECONDS,
    )
    assert finish.is_set(), "the queue's receiver has ended by itself"
    await asyncio.Event().wait()


@asynccontextmanager
async def _database(addresses: Addresses) -> AsyncGenerator[Database]:
    database = Database(
        addresses.database, role=RUNTIME, connections=3, timeout_seconds=DATABASE_SECONDS
    )
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def _engine(
    settings: Settings, addresses: Addresses, base: Ground, database: Database
) -> AsyncGenerator[ChatEngine]:
    resolve = partial(
        resolve_model,
        builtin={"demo": demo_model},
        idle_seconds=settings.idle_timeout_seconds,
    )
    try:
        agents = load_agents(settings.agents)
        resolve(settings.model)  # which loads its provider's package, too
    except (AgentsSettingInvalid, UnknownModel, ModelKeyMissing, ProviderNotInstalled) as error:
        raise processes.CannotStart(str(error)) from error
    await warm_up(agents.values())
    reads = ReadDatabase(addresses.database)
    parts = EngineParts(
        log=base.log,
        threads=base.threads,
        turns=base.turns,
        blobs=PostgresBlobStore(database),
        agents=agents,
        resolve=resolve,
        default_model=settings.model,
        sessions=reads.session,
        deadline_seconds=settings.run_timeout_seconds,
        answer_characters=settings.answer_characters,
        keep_requests=settings.keep_requests,
    )
    try:
        yield ChatEngine(parts)
    finally:
        await close_models()
        await reads.close()


@asynccontextmanager
async def _listening(settings: Settings, base: Ground, runner: Runner) -> AsyncGenerator[None]:
    hints = listen_for_cancels(base.redis, prefix=settings.redis_prefix, on_cancel=runner.cancel)
    async with _kept_alive(hints):
        yield


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
