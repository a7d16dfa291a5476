"""What an export holds, and what a second one adds."""

import json
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest

from domain.account_events import DataExported
from infrastructure.exporting import Order, export
from infrastructure.exporting.check import check
from infrastructure.exporting.manifest import FormatName
from infrastructure.exporting.refusals import (
    FolderIsBusy,
    OtherExport,
    PositionIsAhead,
    TablesShowThePresent,
    UnknownDataset,
    UnknownThread,
)
from tests.infrastructure.exporting.installation import STRANGE, Installation, Quiet, contents
from tests.servers import connected


async def test_the_log_leaves_as_its_lines(installation: Installation, tmp_path: Path) -> None:
    await installation.say(*STRANGE)
    await installation.export(Order(tmp_path, ["events"]))
    found = contents(tmp_path)
    assert sorted(found) == ["events/000000000001-000000000006.jsonl", "manifest.json"]
    assert found["events/000000000001-000000000006.jsonl"] == b"".join(await installation.lines())


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
async def test_the_same_log_gives_the_same_bytes(
    installation: Installation, tmp_path: Path, kind: FormatName
) -> None:
    for _ in range(40):
        await installation.row(await installation.say(*STRANGE))
    await installation.show()
    for folder in ("a", "b"):
        await installation.export(Order(tmp_path / folder, format=kind))
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert len(contents(tmp_path / "a")) == 3


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
async def test_a_second_export_adds_what_is_new(
    installation: Installation, tmp_path: Path, kind: FormatName
) -> None:
    quiet, busy = await installation.say("a"), await installation.say("b")
    for thread in (quiet, busy):
        await installation.row(thread)
    await installation.show()
    first = await installation.export(Order(tmp_path, format=kind))
    before = contents(tmp_path)
    await installation.say("c", thread_id=busy)
    await installation.show()
    second = await installation.export(Order(tmp_path))
    after = contents(tmp_path)
    assert (first.rows, first.through) == ({"events": 2, "sample": 2}, 2)
    assert (second.rows, second.through) == ({"events": 1, "sample": 1}, 3)
    assert {name: after[name] for name in before if name != "manifest.json"} == {
        name: content for name, content in before.items() if name != "manifest.json"
    }
    third = await installation.export(Order(tmp_path))
    assert third.rows == {"events": 0, "sample": 0}
    assert contents(tmp_path) == after
    assert [problem for _, problem in check(tmp_path)] == [None] * 4


async def test_a_row_leaves_exactly(installation: Installation, tmp_path: Path) -> None:
    thread = await installation.say("a")
    row = await installation.row(thread)
    await installation.row(thread, title=None)
    await installation.show()
    await installation.export(Order(tmp_path, ["sample"]))
    lines = (tmp_path / "sample/000000000001-000000000001.jsonl").read_text().splitlines()
    whole = next(line for line in lines if str(row) in line)
    assert list(json.loads(whole)) == [
        *("id", "thread_id", "position", "title", "parts", "cost", "rate"),
        *("seconds", "ok", "at", "day", "tags"),
    ]
    exact = json.loads(whole, parse_float=Decimal)
    assert exact["cost"] == Decimal("12345678901234.123456")
    assert exact["rate"] == Decimal("0.33333333333333333333")
    assert exact["at"] == "2026-11-22T07:00:00.123456+00:00"
    assert exact["parts"] == {"a": None, "b": [1, "x\ny"]}
    assert sorted(str(json.loads(line)["title"]) for line in lines) == ["None", "a title"]


async def test_only_what_belongs_to_a_thread(installation: Installation, tmp_path: Path) -> None:
    first, second = await installation.say("a", "b"), await installation.say("c")
    await installation.say("d", thread_id=first)
    for thread in (first, second):
        await installation.row(thread)
    await installation.show()
    summary = await installation.export(Order(tmp_path, thread_id=first))
    lines = await installation.lines()
    assert summary.rows == {"events": 3, "sample": 1}
    events = (tmp_path / "events/000000000001-000000000004.jsonl").read_bytes()
    assert events == lines[0] + lines[1] + lines[3]
    assert [problem for _, problem in check(tmp_path)] == [None] * 2


async def test_events_and_tables_are_of_one_moment(
    installation: Installation, tmp_path: Path
) -> None:
    await installation.row(await installation.say("a", "b"))
    await installation.show(1)
    summary = await installation.export(Order(tmp_path))
    assert (summary.rows["events"], summary.through, summary.behind) == (1, 1, 1)
    alone = await installation.export(Order(tmp_path, ["events"]))
    assert (alone.rows, alone.through, alone.behind) == ({"events": 1}, 2, 0)


async def test_a_log_may_be_empty_at_first(installation: Installation, tmp_path: Path) -> None:
    assert (await installation.export(Order(tmp_path))).rows == {"events": 0, "sample": 0}
    assert list(contents(tmp_path)) == ["manifest.json"]
    await installation.say("a")
    assert (await installation.export(Order(tmp_path, ["events"]))).rows == {"events": 1}
    assert (tmp_path / "events/000000000001-000000000001.jsonl").exists()


async def test_a_range_of_the_log(installation: Installation, tmp_path: Path) -> None:
    await installation.say("a", "b", "c", "d")
    lines = await installation.lines()
    await installation.export(Order(tmp_path, ["events"], after=1, through=3))
    assert contents(tmp_path)["events/000000000002-000000000003.jsonl"] == lines[1] + lines[2]
    await installation.export(Order(tmp_path, ["events"]))
    assert contents(tmp_path)["events/000000000004-000000000004.jsonl"] == lines[3]
    assert [problem for _, problem in check(tmp_path)] == [None] * 2


async def test_views_that_belong_to_no_thread_are_no_datasets(
    installation: Installation, tmp_path: Path
) -> None:
    with pytest.raises(UnknownDataset, match=r"no dataset usage; there are: events, sample$"):
        await installation.export(Order(tmp_path, ["usage"]))


async def test_what_cannot_be_meant_is_refused_and_changes_nothing(
    installation: Installation, tmp_path: Path
) -> None:
    await installation.row(await installation.say("a", "b"))
    await installation.show()
    await installation.export(Order(tmp_path, after=1))
    before = contents(tmp_path)
    for order, refusal in (
        (Order(tmp_path, format="csv"), OtherExport),
        (Order(tmp_path, after=0), OtherExport),
        (Order(tmp_path, thread_id=uuid4()), OtherExport),
        (Order(tmp_path / "new", thread_id=uuid4()), UnknownThread),
        (Order(tmp_path / "new", after=3), PositionIsAhead),
        (Order(tmp_path / "new", ["events"], through=3), PositionIsAhead),
        (Order(tmp_path / "new", through=1), TablesShowThePresent),
    ):
        with pytest.raises(refusal):
            await installation.export(order)
    assert contents(tmp_path) == before


async def test_a_folder_takes_one_log_and_one_shape_of_a_table(
    installation: Installation, tmp_path: Path
) -> None:
    await installation.say("a")
    await installation.show()
    await installation.export(Order(tmp_path))
    async with connected(installation.database.owner_url) as superuser:
        await superuser.execute(
            "CREATE OR REPLACE VIEW analytics.sample AS SELECT *, 1 AS one FROM read_aside.sample"
        )
    with pytest.raises(OtherExport, match="other columns"):
        await installation.export(Order(tmp_path))
    (tmp_path / "manifest.json").write_text(
        (tmp_path / "manifest.json").read_text().replace('"log": "', '"log": "0')
    )
    with pytest.raises(OtherExport, match="another log"):
        await installation.export(Order(tmp_path, ["events"]))


async def test_the_log_is_told_before_a_file_has_its_name(
    installation: Installation, tmp_path: Path
) -> None:
    await installation.row(await installation.say("a", "b"))
    await installation.show()
    told: list[tuple[DataExported, list[str]]] = []

    async def record(exported: DataExported) -> None:
        told.append((exported, sorted(contents(tmp_path / exported.dataset))))

    await export(
        installation.database.url, Order(tmp_path, format="csv"), record=record, progress=Quiet()
    )
    name = "000000000001-000000000002.csv.part"
    assert told == [
        (DataExported("events", "csv", 0, 2, 2), [name]),
        (DataExported("sample", "csv", 0, 2, 1), [name]),
    ]


async def test_what_cannot_be_recorded_does_not_leave(
    installation: Installation, tmp_path: Path
) -> None:
    await installation.say("a")

    async def record(_: DataExported) -> None:
        raise OSError("no")

    order = Order(tmp_path, ["events"])
    with pytest.raises(OSError, match="no"):
        await export(installation.database.url, order, record=record, progress=Quiet())
    assert contents(tmp_path) == {}


async def test_two_exports_into_one_folder_are_one_too_many(
    installation: Installation, tmp_path: Path
) -> None:
    await installation.say("a")
    order = Order(tmp_path, ["events"])

    async def record(_: DataExported) -> None:
        with pytest.raises(FolderIsBusy):
            await installation.export(order)

    await export(installation.database.url, order, record=record, progress=Quiet())
    assert [problem for _, problem in check(tmp_path)] == [None]
