"""Exports one after the other hold the same rows as one of everything, of the real read tables."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from infrastructure.embedded import EmbeddedPostgres
from infrastructure.exporting import Order, Summary, export
from infrastructure.exporting.check import check
from infrastructure.projecting.swapping import rebuild
from projections.record import RECORD
from tests.infrastructure.exporting.installation import Quiet, untold
from tests.infrastructure.test_projector import write
from tests.projections.random_story import random_log
from tests.projections.tables import TABLES, Tables, tables_in
from tests.servers import connected

STAGES = (0, 7, 60, 61, 200, 400)


@pytest.fixture
async def tables(postgres: EmbeddedPostgres) -> AsyncIterator[Tables]:
    """The read tables, and views of them for analysts."""
    async with tables_in(postgres) as tables:
        async with connected(tables.owner_url) as superuser:
            await superuser.execute("SET ROLE threadlog_projector")
            for name in TABLES:
                view = f"CREATE OR REPLACE VIEW analytics.{name} AS SELECT * FROM read.{name}"
                await superuser.execute(view)
        yield tables


async def exported(tables: Tables, folder: Path) -> Summary:
    """Every event and every table."""
    wanted = Order(folder, ["events", *TABLES])
    return await export(tables.url, wanted, record=untold, progress=Quiet())


def merged(folder: Path, table: str) -> list[Any]:
    """As docs/export.md says: the rows of a thread replace those that came before."""
    rows: dict[str, list[Any]] = {}
    for file in sorted((folder / table).glob("*.jsonl")):
        of_file: dict[str, list[Any]] = {}
        for line in file.read_text().splitlines():
            row = json.loads(line)
            of_file.setdefault(row.get("thread_id", row["id"]), []).append(row)
        rows |= of_file
    return sorted(
        (row for some in rows.values() for row in some),
        key=lambda row: (row["position"], row["id"]),
    )


async def test_exports_one_after_the_other_hold_what_one_of_everything_holds(
    tables: Tables, tmp_path: Path
) -> None:
    events = random_log(11, events=STAGES[-1], threads=6).events
    parts, whole = tmp_path / "parts", tmp_path / "whole"
    for begin, end in zip(STAGES, [*STAGES[1:], len(events)], strict=True):
        await write(tables.url, events[begin:end])
        await tables.apply(events[:end])
        await exported(tables, parts)
    summary = await exported(tables, whole)
    assert summary.rows["events"] == len(events)
    for table in TABLES:
        assert merged(parts, table) == merged(whole, table)
        assert summary.rows[table] == len(merged(parts, table)) > 0
    assert {problem for folder in (parts, whole) for _, problem in check(folder)} == {None}


async def test_a_later_file_has_only_the_threads_that_have_changed(
    tables: Tables, tmp_path: Path
) -> None:
    events = random_log(12, events=300, threads=6).events
    await write(tables.url, events[:-1])
    await tables.apply(events[:-1])
    await exported(tables, tmp_path)
    await write(tables.url, events[-1:])
    await tables.apply(events)
    summary = await exported(tables, tmp_path)
    assert summary.rows["events"] == 1
    assert summary.rows["threads"] == 1
    (file,) = (tmp_path / "threads").glob(f"*-{len(events):012}.jsonl")
    assert json.loads(file.read_text())["id"] == str(events[-1].thread_id)


async def test_tables_that_were_made_again_are_exported_again(
    tables: Tables, tmp_path: Path
) -> None:
    events = random_log(12, events=300, threads=6).events
    await write(tables.url, events[:-1])
    await tables.apply(events[:-1])
    async with connected(tables.owner_url) as superuser:
        await superuser.execute("UPDATE read_blue.threads SET title = 'not in the log'")
        await superuser.execute("DELETE FROM read_blue.messages WHERE position % 2 = 0")
    await exported(tables, tmp_path / "parts")
    await write(tables.url, events[-1:])
    await rebuild(tables.url, RECORD, actor="operator:test")
    await exported(tables, tmp_path / "parts")
    await exported(tables, tmp_path / "whole")
    for table in TABLES:
        assert merged(tmp_path / "parts", table) == merged(tmp_path / "whole", table)
    assert {problem for _, problem in check(tmp_path / "parts")} == {None}
