"""A database whose disk is full and whose clock is wrong: clear refusals, and time that rises."""

import asyncio
import errno
import os
import tempfile
from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from application.ports import LogUnavailable, OutcomeUnknown
from infrastructure.embedded import EmbeddedPostgres, EmbeddedValkey
from infrastructure.event_log import LogReader
from tests.faults.clock import SkewedClock
from tests.faults.disk import SmallDisk
from tests.faults.fsync import SlowDisk
from tests.infrastructure.event_log.appending import assert_sound, writer
from tests.infrastructure.event_log.databases import new_log
from tests.infrastructure.event_log.events import raw
from tests.interfaces.http.house import House, eventually, migrated_database, open_house
from tests.servers import FAST, erase

HOUR = 3600.0


@dataclass(frozen=True)
class Storage:
    """A server with a disk and a clock of its own."""

    postgres: EmbeddedPostgres
    disk: SmallDisk
    clock: SkewedClock


@pytest.fixture(scope="module")
def storage() -> Generator[Storage]:
    with tempfile.TemporaryDirectory(prefix="threadlog-storage-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        clock = SkewedClock(folder)
        with SmallDisk(folder / "disk", megabytes=200) as disk:
            variables = clock.environment()
            postgres = EmbeddedPostgres(disk.path, settings=FAST, environment=variables)
            try:
                postgres.start()
                yield Storage(postgres, disk, clock)
            finally:
                erase(postgres)


async def test_recorded_time_never_falls_whatever_the_clock_of_the_database_does(
    storage: Storage,
) -> None:
    database = await new_log(storage.postgres)
    stream = uuid4()
    async with writer(database.url) as log, LogReader(database.url) as reader:
        for version, jump in enumerate((0.0, -HOUR, HOUR, -HOUR, 0.0)):
            storage.clock.set(jump)
            await log.append(raw(stream, version))
        entries = await assert_sound(reader)
    now = datetime.now(UTC)
    ahead = [round((entry.recorded_at - now).total_seconds() / HOUR) for entry in entries]
    assert ahead == [0, 0, 1, 1, 1]


@pytest.fixture
async def house(storage: Storage, valkey: EmbeddedValkey) -> AsyncGenerator[House]:
    database = await migrated_database(storage.postgres)
    async with open_house(database, redis_url=valkey.url) as house:
        yield house


async def test_with_a_full_disk_writes_are_refused_for_now_and_reads_go_on(
    storage: Storage, house: House
) -> None:
    user = await house.person()
    thread = (await user.start("before"))["thread_id"]
    await house.projected()
    path = f"/v1/threads/{thread}/messages"
    body = {"text": os.urandom(100_000).hex()}  # more than fits into the space that tables have
    storage.disk.fill()
    try:
        refused = await user.http.post(path, json=body)
        assert refused.status_code in {503, 507}, refused.text
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.headers["retry-after"]
        assert len((await user.get(path))["items"]) == 1
        assert (await user.http.get("/livez")).status_code == 200
    finally:
        storage.disk.free()

    async def is_taken() -> bool:
        return (await user.http.post(path, json=body)).is_success

    await eventually(is_taken)
    async with LogReader(house.url) as reader:
        await assert_sound(reader)


async def test_a_disk_that_fails_during_the_recovery_too_is_got_over() -> None:
    """A postmaster that restarts by itself was seen to wait for its checkpointer for ever."""
    with tempfile.TemporaryDirectory(prefix="threadlog-fsync-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        disk = SlowDisk(folder)
        postgres = EmbeddedPostgres(folder / "data", environment=disk.environment())
        try:
            await asyncio.to_thread(postgres.start)
            database = await new_log(postgres)
            for _ in range(3):
                disk.fail(errno.EIO)
                async with writer(database.url) as log:
                    with pytest.raises((LogUnavailable, OutcomeUnknown)):
                        await log.append(raw(uuid4(), 0), wait_seconds=1.0)
                disk.heal()
                await asyncio.to_thread(postgres.start)
                async with writer(database.url) as log:
                    await log.append(raw(uuid4(), 0))
        finally:
            await asyncio.to_thread(erase, postgres)
