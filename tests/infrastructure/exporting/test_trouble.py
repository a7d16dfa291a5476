"""Exports that are killed, run out of room, or are changed afterwards."""

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from infrastructure.exporting import ExportFailed, Order
from infrastructure.exporting.check import check
from infrastructure.exporting.manifest import FormatName
from infrastructure.exporting.refusals import NotAnExport
from tests.infrastructure.exporting.installation import Installation, contents
from tests.servers import connected

PROGRAM = "tests.infrastructure.exporting.killed_export"


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
@pytest.mark.parametrize("when", ["written", "recorded"])
async def test_after_a_kill_the_next_export_completes_the_folder(
    installation: Installation, tmp_path: Path, kind: FormatName, when: str
) -> None:
    for _ in range(5):
        await installation.row(await installation.say("a", "b"))
    await installation.show()
    killed = tmp_path / "killed"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", PROGRAM, installation.database.url, str(killed), kind, when)
    )
    assert await asyncio.wait_for(process.wait(), 60) == -signal.SIGKILL
    name = f"sample/000000000001-000000000010.{kind}.part"
    assert name in contents(killed)
    assert dict(check(killed))[name] is not None
    await installation.export(Order(killed))
    await installation.export(Order(tmp_path / "whole", format=kind))
    assert contents(killed) == contents(tmp_path / "whole")


async def test_a_file_that_was_named_and_not_counted_is_made_again(
    installation: Installation, tmp_path: Path
) -> None:
    await installation.say("a")
    await installation.export(Order(tmp_path, ["events"]))
    (tmp_path / "manifest.json").unlink()
    stranger = tmp_path / "events" / "notes.txt"
    stranger.write_text("not of the export")
    await installation.say("b")
    await installation.export(Order(tmp_path, ["events"]))
    assert sorted(contents(tmp_path)) == [
        "events/000000000001-000000000002.jsonl",
        "events/notes.txt",
        "manifest.json",
    ]


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
async def test_every_change_of_a_file_is_found(
    installation: Installation, tmp_path: Path, kind: FormatName
) -> None:
    await installation.say(*map(str, range(20)))
    await installation.export(Order(tmp_path, ["events"], format=kind))
    file = tmp_path / f"events/000000000001-000000000020.{kind}"
    good = file.read_bytes()
    assert dict(check(tmp_path)) == {f"events/{file.name}": None}
    middle = len(good) // 2
    flipped = good[:middle] + bytes([good[middle] ^ 1]) + good[middle + 1 :]
    for bad in (flipped, good[:-1], good + b"\n", b""):
        file.write_bytes(bad)
        assert "has the sha256" in str(dict(check(tmp_path))[f"events/{file.name}"])
    file.unlink()
    assert "cannot be read" in str(dict(check(tmp_path))[f"events/{file.name}"])


def is_whole(folder: Path) -> bool:
    try:
        return not any(problem for _, problem in check(folder))
    except NotAnExport:
        return False


async def test_a_manifest_that_was_changed_is_found(
    installation: Installation, tmp_path: Path
) -> None:
    await installation.say(*map(str, range(20)))
    await installation.export(Order(tmp_path, ["events"]))
    manifest = tmp_path / "manifest.json"
    good = manifest.read_text()
    manifest.write_text(good.replace('"rows": 20', '"rows": 19'))
    told = dict(check(tmp_path))
    assert told["events/000000000001-000000000020.jsonl"] == "has 20 rows in place of 19"
    assert told["events"] == "1 events are missing"
    for place in range(0, len(good), 7):
        changed = bytearray(good.encode())
        changed[place] ^= 1
        manifest.write_bytes(changed)
        assert not is_whole(tmp_path), f"byte {place} is another one"
    manifest.write_text(good[:-20])
    with pytest.raises(NotAnExport):
        list(check(tmp_path))


async def test_a_folder_without_manifest_is_no_export(tmp_path: Path) -> None:
    with pytest.raises(NotAnExport):
        list(check(tmp_path))


async def test_what_the_database_cannot_do_is_told(
    installation: Installation, tmp_path: Path
) -> None:
    await installation.row(await installation.say("a"))
    await installation.show()
    async with connected(installation.database.owner_url) as superuser:
        await superuser.execute(
            "CREATE OR REPLACE VIEW analytics.broken WITH (security_barrier)"
            " AS SELECT thread_id, 1 / (position - position) AS n FROM read_aside.sample;"
            " ALTER VIEW analytics.broken OWNER TO threadlog_projector"
        )
    with pytest.raises(ExportFailed, match="division by zero"):
        await installation.export(Order(tmp_path))
    assert sorted(contents(tmp_path)) == ["events/000000000001-000000000001.jsonl", "manifest.json"]
