"""CSV as PostgreSQL writes and reads it: a line of names, NULL is empty, an empty text is ""."""

from collections.abc import AsyncIterator

from infrastructure.event_log.entry import LogEntry
from infrastructure.exporting.event_rows import COLUMNS, texts_of
from infrastructure.exporting.formats import Wrote
from infrastructure.exporting.part import PartFile
from infrastructure.exporting.snapshot import Snapshot
from infrastructure.exporting.tables import Query, Table

HEADER = ",".join(name for name, _ in COLUMNS).encode() + b"\n"


class CommaSeparated:
    """Tables by COPY, which knows how to write every type."""

    async def write_events(
        self, part: PartFile, pages: AsyncIterator[list[LogEntry]], *, wrote: Wrote
    ) -> int:
        """An event's state is a text in quotes."""
        rows = 0
        part.write(HEADER)
        async for page in pages:
            part.write("".join(map(line_of, page)).encode())
            rows += len(page)
            wrote(len(page))
        return rows

    def columns(self, table: Table) -> str:
        """In the view's order."""
        return ", ".join(f"t.{column.quoted}" for column in table.columns)

    async def write_table(
        self, part: PartFile, table: Table, query: Query, *, snapshot: Snapshot, wrote: Wrote
    ) -> int:
        """What PostgreSQL says, byte for byte."""
        del table

        async def write(data: bytes) -> None:
            part.write(data)
            wrote(data.count(b"\n"))  # about: a text may have several lines

        return await snapshot.copy_csv(query, write)


def line_of(entry: LogEntry) -> str:
    """One event, its line end included."""
    state, state_hex = texts_of(entry.state)
    thread = "" if entry.thread_id is None else entry.thread_id
    owner = "" if entry.owner_id is None else entry.owner_id
    known = f"{entry.position},{entry.originator_id},{entry.originator_version}"
    about = f"{_quoted(entry.topic)},{thread},{owner},{entry.recorded_at.isoformat()}"
    return f"{known},{about},{_quoted(state)},{state_hex or ''}\n"


def _quoted(text: str | None) -> str:
    return "" if text is None else '"' + text.replace('"', '""') + '"'
