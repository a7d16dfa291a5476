"""Other tools read what was exported: PostgreSQL the CSV, pyarrow the Parquet."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from infrastructure.event_log.reader import LogReader
from infrastructure.exporting import Order
from infrastructure.exporting.arrow import pyarrow
from tests.infrastructure.exporting.installation import STRANGE, Installation
from tests.servers import connected

EVENTS = """
CREATE TEMP TABLE events (
    position bigint, stream_id uuid, version bigint, topic text, thread_id uuid, owner_id uuid,
    recorded_at timestamptz, state text, state_hex text)
"""

STATES = """
SELECT coalesce(convert_to(state, 'UTF8'), decode(state_hex, 'hex')) AS state, recorded_at
  FROM events ORDER BY position
"""


async def _copy(connection: Any, table: str, file: Path) -> str:
    """As `COPY table FROM file (FORMAT csv, HEADER)`; what PostgreSQL says to it."""
    return await connection.copy_to_table(table, source=str(file), format="csv", header=True)


async def test_postgresql_takes_the_csv(installation: Installation, tmp_path: Path) -> None:
    await installation.row(await installation.say(*STRANGE), title="")
    await installation.row(await installation.say("a\0b"), title=None)
    await installation.show()
    await installation.export(Order(tmp_path, format="csv"))
    async with LogReader(installation.database.url) as reader:
        live = (await reader.read_after(0, limit=100)).entries
    async with connected(installation.database.owner_url) as other:
        await other.execute(EVENTS)
        await other.execute("CREATE TEMP TABLE sample (LIKE analytics.sample)")
        (events,) = (tmp_path / "events").iterdir()
        (sample,) = (tmp_path / "sample").iterdir()
        assert await _copy(other, "events", events) == "COPY 7"
        assert await _copy(other, "sample", sample) == "COPY 2"
        states = await other.fetch(STATES)
        assert [row["state"] for row in states] == [entry.state for entry in live]
        assert [row["recorded_at"] for row in states] == [entry.recorded_at for entry in live]
        difference = "TABLE analytics.sample EXCEPT SELECT * FROM pg_temp.sample"
        assert await other.fetch(difference) == []


async def test_pyarrow_reads_the_parquet_with_its_types(
    installation: Installation, tmp_path: Path
) -> None:
    thread = await installation.say(*STRANGE)
    row = await installation.row(thread)
    await installation.show()
    await installation.export(Order(tmp_path, format="parquet"))
    table = pyarrow("pyarrow.parquet").read_table(tmp_path / "sample")
    assert table.to_pylist() == [
        {
            "id": str(row),
            "thread_id": str(thread),
            "position": 0,
            "title": "a title",
            "parts": '{"a": null, "b": [1, "x\\ny"]}',
            "cost": Decimal("12345678901234.123456"),
            "rate": Decimal("0.333333333333333333"),
            "seconds": 0.1,
            "ok": True,
            "at": datetime(2026, 11, 22, 7, 0, 0, 123456, UTC),
            "day": date(2026, 11, 22),
            "tags": '{a,"b,c"}',
        }
    ]
    assert str(table.schema.field("at").type) == "timestamp[us, tz=UTC]"
    events = pyarrow("pyarrow.parquet").read_table(tmp_path / "events")
    assert events.column("position").to_pylist() == [1, 2, 3, 4, 5, 6]
    assert events.column("state").to_pylist() == list(STRANGE)
