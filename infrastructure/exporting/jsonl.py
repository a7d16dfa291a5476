"""JSON Lines: an event as `lines.line_of` writes it, a row as an object in the view's order."""

from collections.abc import AsyncIterator

from infrastructure.event_log.entry import LogEntry
from infrastructure.event_log.lines import line_of
from infrastructure.exporting.formats import Wrote
from infrastructure.exporting.part import PartFile
from infrastructure.exporting.snapshot import Snapshot
from infrastructure.exporting.tables import Query, Table


class JsonLines:
    """Exact: numbers have all their digits, times their microseconds, an event its bytes."""

    async def write_events(
        self, part: PartFile, pages: AsyncIterator[list[LogEntry]], *, wrote: Wrote
    ) -> int:
        """One line for each event."""
        rows = 0
        async for page in pages:
            part.write(b"\n".join([*map(line_of, page), b""]))
            rows += len(page)
            wrote(len(page))
        return rows

    def columns(self, table: Table) -> str:
        """The whole row as one text, made by PostgreSQL."""
        del table
        return "row_to_json(t)::text"

    async def write_table(
        self, part: PartFile, table: Table, query: Query, *, snapshot: Snapshot, wrote: Wrote
    ) -> int:
        """One line for each row."""
        del table
        rows = 0
        async for page in snapshot.rows(query):
            # What is left of line ends in JSON is white space.
            part.write("".join([row[0].replace("\n", " ") + "\n" for row in page]).encode())
            rows += len(page)
            wrote(len(page))
        return rows
