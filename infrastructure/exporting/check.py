"""Is a folder what its manifest says? Hashes, numbers of rows, positions without holes."""

import csv
from collections.abc import Iterator
from hashlib import file_digest
from pathlib import Path

from infrastructure.exporting import manifest
from infrastructure.exporting.arrow import rows_of
from infrastructure.exporting.folder import strays
from infrastructure.exporting.manifest import Exported, FormatName, Part
from infrastructure.exporting.reading import MOST_CHARACTERS
from infrastructure.exporting.refusals import NotAnExport, WronglyAsked
from infrastructure.exporting.snapshot import EVENTS


def check(folder: Path) -> Iterator[tuple[str, str | None]]:
    """Each file, and what is wrong with it; then what is wrong with the whole. Reads all of it.

    Raises NotAnExport, and FormatIsMissing for Parquet without pyarrow.
    """
    found = manifest.read(folder)
    if found is None:
        raise NotAnExport(f"{folder} holds no {manifest.NAME}")
    if not manifest.is_unchanged(folder):
        yield manifest.NAME, "was changed by somebody else"
    for name, exported in found.datasets.items():
        for part in exported.files:
            yield part.path, _wrong_in_file(folder / part.path, part, kind=found.format)
        whole = name == EVENTS and found.thread_id is None
        if wrong := _wrong_in_whole(exported, dense=whole):
            yield name, wrong
    for path in strays(folder, found):
        yield (
            str(path.relative_to(folder)),
            "is not in the manifest: an export was killed, or runs",
        )


def _wrong_in_file(path: Path, part: Part, *, kind: FormatName) -> str | None:
    try:
        with path.open("rb") as file:
            digest = file_digest(file, "sha256").hexdigest()
        if digest != part.sha256:
            return f"has the sha256 {digest} in place of {part.sha256}"
        rows = _rows(path, kind)
    except WronglyAsked:
        raise
    except (OSError, ValueError, csv.Error) as error:
        return f"cannot be read: {error}"
    return None if rows == part.rows else f"has {rows} rows in place of {part.rows}"


def _rows(path: Path, kind: FormatName) -> int:
    match kind:
        case "jsonl":
            with path.open("rb") as file:
                return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
        case "csv":
            csv.field_size_limit(MOST_CHARACTERS)
            with path.open(encoding="utf-8", newline="") as file:
                return sum(1 for _ in csv.reader(file, strict=True)) - 1
        case "parquet":
            return rows_of(str(path))


def _wrong_in_whole(exported: Exported, *, dense: bool) -> str | None:
    after = exported.after
    for part in exported.files:
        if part.after < after or part.through <= part.after or part.through > exported.through:
            return f"the positions of {part.path} do not follow those before"
        after = part.through
    missing = exported.through - exported.after - exported.rows
    if dense and missing:
        return f"{missing} events are missing"
    return None
