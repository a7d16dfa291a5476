"""manifest.json: what a folder holds, of which log, up to which position; nothing else counts."""

import re
from hashlib import sha256
from pathlib import Path
from typing import Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError

from infrastructure.exporting.refusals import NotAnExport

FormatName: TypeAlias = Literal["jsonl", "csv", "parquet"]
NAME = "manifest.json"
SEAL = b',\n "sha256": "%b"\n}\n'  # its last key: of all that stands before
_SEALED = re.compile(rb'(.*),\n "sha256": "[0-9a-f]{64}"\n}\n', re.DOTALL)


class Part(BaseModel):
    """One file: what happened after a position and up to another one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str  # below the folder
    after: int
    through: int
    rows: int
    bytes: int
    sha256: str


class Exported(BaseModel):
    """A dataset; where nothing happened there is no file, so `through` may be beyond the last."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    after: int
    through: int
    columns: tuple[tuple[str, str], ...]  # name, PostgreSQL's type
    files: tuple[Part, ...] = ()

    @property
    def rows(self) -> int:
        """Of all files."""
        return sum(part.rows for part in self.files)


class Manifest(BaseModel):
    """The whole folder. The same log and ranges give the same manifest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    threadlog_export: Literal[1] = 1  # how this file is to be read
    format: FormatName
    log: str  # sha256 of the line of the log's first event; empty: there was none
    thread_id: UUID | None = None  # only what belongs to it
    datasets: dict[str, Exported] = {}

    def with_dataset(self, name: str, exported: Exported) -> "Manifest":
        """The same with this dataset as it is now."""
        return Manifest(
            format=self.format,
            log=self.log,
            thread_id=self.thread_id,
            datasets={**self.datasets, name: exported},
        )


def read(folder: Path) -> Manifest | None:
    """The manifest of a folder; None: it has none. Raises NotAnExport when it cannot be read."""
    try:
        text = (folder / NAME).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        return Manifest.model_validate_json(_unsealed(text) + b"\n}")
    except ValidationError as error:
        raise NotAnExport(f"{folder / NAME} is not of an export: {error}") from None


def text_of(manifest: Manifest) -> bytes:
    """As it is written."""
    return _sealed(manifest.model_dump_json(indent=1).encode().removesuffix(b"\n}"))


def is_unchanged(folder: Path) -> bool:
    """Is it, byte for byte, what was written? Raises OSError."""
    text = (folder / NAME).read_bytes()
    return text == _sealed(_unsealed(text))


def _sealed(text: bytes) -> bytes:
    return text + SEAL % sha256(text).hexdigest().encode()


def _unsealed(text: bytes) -> bytes:
    found = _SEALED.fullmatch(text)
    return found[1] if found else text
