"""An export whose disk is full fails whole, and goes on when there is space again."""

import errno
import os
from pathlib import Path

import pytest

from infrastructure.embedded import EmbeddedPostgres
from infrastructure.event_log.connection import connected
from infrastructure.exporting import Order
from infrastructure.exporting.check import check
from infrastructure.exporting.manifest import FormatName
from tests.faults.disk import SmallDisk
from tests.infrastructure.event_log.databases import new_log
from tests.infrastructure.exporting.installation import VIEW, Installation, contents

ROOM = 200_000  # bytes that are left


@pytest.fixture
async def installation(postgres: EmbeddedPostgres) -> Installation:
    """Two megabytes of events, one of rows."""
    database = await new_log(postgres)
    async with connected(database.owner_url) as superuser:
        await superuser.execute(VIEW)
    installation = Installation(database)
    thread = await installation.say(*(os.urandom(1_000).hex() for _ in range(1_000)))
    for _ in range(100):
        await installation.row(thread, title=os.urandom(5_000).hex())
    await installation.show()
    return installation


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
async def test_a_full_disk_breaks_no_file(
    installation: Installation, tmp_path: Path, kind: FormatName
) -> None:
    with SmallDisk(tmp_path / "disk", megabytes=20) as disk:
        folder = disk.path / "copy"
        order = Order(folder, format=kind)
        await installation.export(Order(folder, ["events"], kind, through=10))
        before = contents(folder)
        for dataset in ("events", "sample"):
            await _fill_but(disk, ROOM)
            with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
                await installation.export(Order(folder, [dataset]))
            assert contents(folder) == before
            assert {problem for _, problem in check(folder)} == {None}
            disk.free()
        await installation.export(order)
        await installation.export(Order(tmp_path / "whole", ["events"], kind, through=10))
        await installation.export(Order(tmp_path / "whole", format=kind))
        if kind != "parquet":
            assert contents(folder) == contents(tmp_path / "whole")
        assert {problem for _, problem in check(folder)} == {None}


async def _fill_but(disk: SmallDisk, room: int) -> None:
    disk.fill()
    ballast = disk.path / "ballast"
    os.truncate(ballast, ballast.stat().st_size - room)
