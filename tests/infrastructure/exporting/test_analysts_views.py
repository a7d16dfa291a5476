"""Every view of analysts whose rows belong to threads leaves in every format."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from infrastructure.embedded import EmbeddedPostgres
from infrastructure.exporting import Order, export
from infrastructure.exporting.arrow import pyarrow
from infrastructure.exporting.check import check
from infrastructure.exporting.manifest import FormatName
from infrastructure.exporting.snapshot import SHOWN_BY
from infrastructure.projecting.projector import Projector
from projections.analytics import VIEWS, publish
from projections.record import RECORD
from projections.tool_calls import TOOL_CALLS
from tests.infrastructure.event_log.appending import until
from tests.infrastructure.exporting.installation import Quiet, untold
from tests.infrastructure.test_projector import running, write
from tests.projections.random_story import random_log
from tests.projections.tables import Tables, tables_in
from tests.servers import connected

SUMS = {"usage_daily", "usage_hourly", "freshness"}  # of no thread
SHOWN = "SELECT min(position) FROM threadlog.projections WHERE active AND name = ANY ($1::text[])"


@pytest.fixture(scope="module")
async def tables(postgres: EmbeddedPostgres) -> AsyncIterator[Tables]:
    """Some conversations with everything that happens in them, as analysts see them."""
    async with tables_in(postgres) as tables:
        events = random_log(5, events=600, threads=8).events
        await write(tables.url, events)
        async with (
            running(Projector(tables.url, projections=(RECORD, TOOL_CALLS))),
            connected(tables.owner_url) as looking,
        ):

            async def shown() -> bool:
                return await looking.fetchval(SHOWN, list(SHOWN_BY)) == len(events)

            await until(shown, seconds=60)
        async with tables.engine.begin() as connection:
            await publish(connection)
        yield tables


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
async def test_all_of_them_leave(tables: Tables, tmp_path: Path, kind: FormatName) -> None:
    order = Order(tmp_path, format=kind)
    summary = await export(tables.url, order, record=untold, progress=Quiet())
    assert set(summary.rows) == {"events", *VIEWS} - SUMS
    assert summary.behind == 0
    async with connected(tables.owner_url) as superuser:
        for view in set(VIEWS) - SUMS:
            count = f"SELECT count(*) FROM analytics.{view}"
            assert summary.rows[view] == await superuser.fetchval(count), view
    assert min(summary.rows[view] for view in ("threads", "messages", "completions")) > 0
    assert {problem for _, problem in check(tmp_path)} == {None}


async def test_the_views_have_no_column_that_parquet_cannot_hold_exactly(
    tables: Tables, tmp_path: Path
) -> None:
    order = Order(tmp_path, ["completions"], "parquet")
    await export(tables.url, order, record=untold, progress=Quiet())
    schema = pyarrow("pyarrow.parquet").read_table(tmp_path / "completions").schema
    types = {field.name: str(field.type) for field in schema}
    assert types["completion_id"] == "string"
    assert types["position"] == "int64"
    assert types["completed_at"] == "timestamp[us, tz=UTC]"
    assert not [name for name, kind in types.items() if kind.startswith("decimal")]
