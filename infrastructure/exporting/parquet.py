"""Parquet: typed columns, compressed, in row groups."""

from collections.abc import AsyncIterator

from infrastructure.event_log.entry import LogEntry
from infrastructure.exporting.arrow import ParquetFile, pyarrow, selected
from infrastructure.exporting.event_rows import COLUMNS, texts_of
from infrastructure.exporting.formats import Wrote
from infrastructure.exporting.part import PartFile
from infrastructure.exporting.snapshot import Snapshot
from infrastructure.exporting.tables import Query, Table


class Parquet:
    """Raises FormatIsMissing when there is no pyarrow."""

    def __init__(self) -> None:
        pyarrow()

    async def write_events(
        self, part: PartFile, pages: AsyncIterator[list[LogEntry]], *, wrote: Wrote
    ) -> int:
        """The columns of `event_rows`."""
        rows, file = 0, ParquetFile(part, COLUMNS)
        async for page in pages:
            file.write([_row(entry) for entry in page])
            rows += len(page)
            wrote(len(page))
        file.close()
        return rows

    def columns(self, table: Table) -> str:
        """In the view's order, as pyarrow can take them."""
        return ", ".join(selected(f"t.{column.quoted}", column.type) for column in table.columns)

    async def write_table(
        self, part: PartFile, table: Table, query: Query, *, snapshot: Snapshot, wrote: Wrote
    ) -> int:
        """The columns of the view."""
        rows = 0
        file = ParquetFile(part, [(column.name, column.type) for column in table.columns])
        async for page in snapshot.rows(query):
            file.write(page)
            rows += len(page)
            wrote(len(page))
        file.close()
        return rows


def _row(entry: LogEntry) -> tuple[object, ...]:
    return (
        entry.position,
        str(entry.originator_id),
        entry.originator_version,
        entry.topic,
        None if entry.thread_id is None else str(entry.thread_id),
        None if entry.owner_id is None else str(entry.owner_id),
        entry.recorded_at,
        *texts_of(entry.state),
    )
