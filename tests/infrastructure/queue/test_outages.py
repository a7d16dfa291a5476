"""The broker while Redis fails: workers live on, and callers are not held up."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator

import pytest
from taskiq import SendTaskError

from infrastructure.embedded import EmbeddedValkey
from tests.infrastructure.queue.wake_ups import (
    DEADLINE_SECONDS,
    WakeUps,
    command,
    eventually,
    working,
)

LOGGER = "infrastructure.queue.broker"


@pytest.fixture
async def wake_ups(own_valkey: EmbeddedValkey) -> AsyncIterator[WakeUps]:
    await asyncio.to_thread(own_valkey.start)
    async with WakeUps(own_valkey.url) as wake_ups:
        yield wake_ups


async def test_a_killed_connection_ends_neither_the_worker_nor_its_job(wake_ups: WakeUps) -> None:
    async with working(wake_ups.broker):
        await wake_ups.hold.kiq("in flight")
        await eventually(lambda: wake_ups.holding == 1)
        assert await command(wake_ups.redis, "CLIENT KILL", "TYPE", "normal") >= 1
        wake_ups.release.set()
        assert await wake_ups.next_run() == "in flight"
        await wake_ups.note.kiq("next")
        assert await wake_ups.next_run() == "next"


async def test_a_worker_outlives_an_outage_and_says_so_twice(
    own_valkey: EmbeddedValkey, wake_ups: WakeUps, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, LOGGER)

    def said(level: int) -> list[str]:
        return [r.getMessage() for r in caplog.records if r.name == LOGGER and r.levelno == level]

    async with working(wake_ups.broker):
        await wake_ups.hold.kiq("in flight")
        await eventually(lambda: wake_ups.holding == 1)
        await asyncio.to_thread(own_valkey.stop, wait_seconds=5)
        await eventually(lambda: len(said(logging.DEBUG)) >= 3)  # it tried in vain, again and again
        wake_ups.release.set()
        assert await wake_ups.next_run() == "in flight"
        await asyncio.to_thread(own_valkey.start)
        await wake_ups.note.kiq("after the outage")
        assert await wake_ups.next_run() == "after the outage"
        away, back = said(logging.WARNING)
        assert "cannot read the queue" in away
        assert "reading the queue again" in back


async def test_a_worker_may_start_before_redis(
    own_valkey: EmbeddedValkey, wake_ups: WakeUps, caplog: pytest.LogCaptureFixture
) -> None:
    await asyncio.to_thread(own_valkey.stop, wait_seconds=5)
    async with working(wake_ups.broker):
        await eventually(lambda: "cannot read the queue" in caplog.text)
        await asyncio.to_thread(own_valkey.start)
        await wake_ups.note.kiq("first")
        assert await wake_ups.next_run() == "first"


async def test_the_queue_works_on_after_redis_lost_all_its_data(wake_ups: WakeUps) -> None:
    async with working(wake_ups.broker):
        await wake_ups.note.kiq("before")
        assert await wake_ups.next_run() == "before"
        await command(wake_ups.redis, "FLUSHALL")
        await wake_ups.note.kiq("after")
        assert await wake_ups.next_run() == "after"
        await eventually(wake_ups.is_empty)


async def test_a_job_runs_although_its_entry_cannot_be_acknowledged(wake_ups: WakeUps) -> None:
    await command(wake_ups.redis, "ACL SETUSER", "default", "-xack")
    async with working(wake_ups.broker):
        await wake_ups.note.kiq("at least once")
        assert await wake_ups.next_run() == "at least once"
        await command(wake_ups.redis, "ACL SETUSER", "default", "+xack")
        assert await wake_ups.next_run() == "at least once"
        await eventually(wake_ups.is_empty)


async def test_a_kick_fails_fast_while_redis_is_down_and_works_again_after(
    own_valkey: EmbeddedValkey, wake_ups: WakeUps
) -> None:
    await wake_ups.note.kiq("before")
    await asyncio.to_thread(own_valkey.stop, wait_seconds=5)
    began = time.monotonic()
    with pytest.raises(SendTaskError):
        await wake_ups.note.kiq("lost")
    assert time.monotonic() - began < 1
    await asyncio.to_thread(own_valkey.start)
    await wake_ups.note.kiq("after")


async def test_a_kick_fails_fast_while_redis_hangs_and_works_again_after(
    wake_ups: WakeUps,
) -> None:
    await wake_ups.note.kiq("before")
    await command(wake_ups.redis, "CLIENT PAUSE", 60_000, "WRITE")
    began = time.monotonic()
    async with asyncio.timeout(DEADLINE_SECONDS):
        with pytest.raises(SendTaskError):
            await wake_ups.note.kiq("lost")
    assert time.monotonic() - began < 1
    await command(wake_ups.redis, "CLIENT UNPAUSE")
    await wake_ups.note.kiq("after")
