"""pyarrow, which has no types of its own and need not be installed, behind a few typed names."""

import re
from collections.abc import Sequence
from importlib import import_module
from typing import Any, cast

from infrastructure.exporting.part import PartFile
from infrastructure.exporting.refusals import FormatIsMissing

GROUP_BYTES = 32 << 20
GROUP_ROWS = 100_000
COMPRESSION = "zstd"

_NUMERIC = re.compile(r"numeric\((\d+),(\d+)\)")
_NAMES = {
    "boolean": "bool_",
    "smallint": "int16",
    "integer": "int32",
    "bigint": "int64",
    "real": "float32",
    "double precision": "float64",
    "date": "date32",
    "bytea": "binary",
}


def pyarrow(module: str = "pyarrow") -> Any:
    """The package, or a module of it. Raises FormatIsMissing."""
    try:
        return import_module(module)
    except ImportError:
        raise FormatIsMissing(
            "parquet needs the package pyarrow: pip install 'threadlog[parquet]'"
        ) from None


def selected(column: str, kind: str) -> str:
    """What PostgreSQL shall give for a column, so that pyarrow can take it as `arrow_type` says."""
    if kind == "numeric":
        return f"{column}::numeric(38,18)"
    return (
        column if kind in _NAMES or _is_moment(kind) or _NUMERIC.match(kind) else f"{column}::text"
    )


def arrow_type(kind: str) -> Any:
    """The type of a column: numbers and times as such, exact; anything else as text."""
    arrow = pyarrow()
    if kind in _NAMES:
        return getattr(arrow, _NAMES[kind])()
    if _is_moment(kind):
        return arrow.timestamp("us", tz="UTC" if "with time zone" in kind else None)
    if kind == "numeric":
        return arrow.decimal128(38, 18)
    if sized := _NUMERIC.match(kind):
        precision, scale = int(sized[1]), int(sized[2])
        return (arrow.decimal128 if precision <= 38 else arrow.decimal256)(precision, scale)
    return arrow.string()


def _is_moment(kind: str) -> bool:
    return kind.startswith("timestamp")


class ParquetFile:
    """Rows in groups that fit into memory. Use `close` at the end."""

    def __init__(self, part: PartFile, columns: Sequence[tuple[str, str]]) -> None:
        self._arrow = pyarrow()
        fields = [(name, arrow_type(kind)) for name, kind in columns]
        self._schema = self._arrow.schema(fields)
        writer = pyarrow("pyarrow.parquet").ParquetWriter
        self._writer = writer(part, self._schema, compression=COMPRESSION)
        self._batches: list[Any] = []

    def write(self, rows: Sequence[Sequence[object]]) -> None:
        """Rows in the order of the columns."""
        arrays = [
            self._arrow.array(values, type=field.type)
            for values, field in zip(zip(*rows, strict=True), self._schema, strict=True)
        ]
        self._batches.append(self._arrow.record_batch(arrays, schema=self._schema))
        large = sum(batch.nbytes for batch in self._batches) >= GROUP_BYTES
        if large or sum(batch.num_rows for batch in self._batches) >= GROUP_ROWS:
            self._write_group()

    def close(self) -> None:
        """Write what is left, and the end of the file."""
        self._write_group()
        self._writer.close()

    def _write_group(self) -> None:
        if self._batches:
            table = self._arrow.Table.from_batches(self._batches)
            self._batches.clear()
            self._writer.write_table(table, row_group_size=table.num_rows)


def rows_of(path: str) -> int:
    """How many rows a file says it has. Raises ValueError, OSError when it is broken."""
    return cast("int", pyarrow("pyarrow.parquet").read_metadata(path).num_rows)
