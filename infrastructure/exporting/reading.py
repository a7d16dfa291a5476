"""Events of an exported file, in order, in any of the formats."""

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from infrastructure.event_log.entry import LogEntry
from infrastructure.event_log.lines import LineIsMalformed
from infrastructure.event_log.lines import entry_of as entry_of_line
from infrastructure.exporting.arrow import pyarrow
from infrastructure.exporting.event_rows import COLUMNS, EventRow, entry_of
from infrastructure.exporting.manifest import FormatName

MOST_CHARACTERS = 2**31 - 1  # of a field of a CSV
BATCH_ROWS = 2_000
BUFFER_BYTES = 1 << 16


class _Rows(Protocol):
    """What we use of pyarrow's record batch."""

    def filter(self, expression: object) -> "_Rows": ...
    def to_pylist(self) -> list[EventRow]: ...


class FileIsBroken(Exception):
    """A file of an export does not hold what an export writes."""


def events_in(path: Path, kind: FormatName, *, about: str | None = None) -> Iterator[LogEntry]:
    """All events of a file; with `about`, an id, at least those that name it. FileIsBroken."""
    read = _READERS[kind]
    number = 0
    try:
        for entry in read(path, about):
            yield entry
            number += 1
    except (ValueError, TypeError, KeyError, LineIsMalformed, csv.Error, OSError) as error:
        raise FileIsBroken(f"{path}, after {number} events: {error}") from error


def _lines(file: BinaryIO, about: str | None) -> Iterator[bytes]:
    """The lines that name an id; the others are never parsed."""
    if about is None:
        yield from file
        return
    wanted = about.encode()
    for line in file:
        if wanted in line:
            yield line


def _of_jsonl(path: Path, about: str | None) -> Iterator[LogEntry]:
    with path.open("rb", buffering=BUFFER_BYTES) as file:
        for line in _lines(file, about):
            yield entry_of_line(line)


def _of_csv(path: Path, about: str | None) -> Iterator[LogEntry]:
    csv.field_size_limit(MOST_CHARACTERS)
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, strict=True):
            if about is None or about in (row["stream_id"], row["thread_id"]):
                yield entry_of(cast("EventRow", row))


def _of_parquet(path: Path, about: str | None) -> Iterator[LogEntry]:
    names = [name for name, _ in COLUMNS]
    with pyarrow("pyarrow.parquet").ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=names):
            for row in _rows_about(batch, about).to_pylist():
                yield entry_of(row)


def _rows_about(rows: _Rows, about: str | None) -> _Rows:
    if about is None:
        return rows
    field = pyarrow("pyarrow.compute").field
    return rows.filter((field("stream_id") == about) | (field("thread_id") == about))


_READERS: dict[FormatName, Callable[[Path, str | None], Iterator[LogEntry]]] = {
    "jsonl": _of_jsonl,
    "csv": _of_csv,
    "parquet": _of_parquet,
}
