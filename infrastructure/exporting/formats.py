"""The formats by name; each is imported when it is used."""

from collections.abc import AsyncIterator, Callable
from typing import Protocol

from infrastructure.event_log.entry import LogEntry
from infrastructure.exporting.manifest import FormatName
from infrastructure.exporting.part import PartFile
from infrastructure.exporting.snapshot import Snapshot
from infrastructure.exporting.tables import Query, Table

Wrote = Callable[[int], None]  # so many rows more


class Format(Protocol):
    """Writes rows into a file, some at a time; how many they were."""

    async def write_events(
        self, part: PartFile, pages: AsyncIterator[list[LogEntry]], *, wrote: Wrote
    ) -> int: ...

    def columns(self, table: Table) -> str:
        """What to select."""
        ...

    async def write_table(
        self, part: PartFile, table: Table, query: Query, *, snapshot: Snapshot, wrote: Wrote
    ) -> int: ...


def format_of(name: FormatName) -> Format:
    """Raises FormatIsMissing."""
    match name:
        case "jsonl":
            from infrastructure.exporting.jsonl import JsonLines  # noqa: PLC0415

            return JsonLines()
        case "csv":
            from infrastructure.exporting.comma_separated import CommaSeparated  # noqa: PLC0415

            return CommaSeparated()
        case "parquet":
            from infrastructure.exporting.parquet import Parquet  # noqa: PLC0415

            return Parquet()
