"""The folder of an export: one writer at a time, and nothing in it that the manifest has not."""

import fcntl
import os
import re
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from infrastructure.exporting import manifest
from infrastructure.exporting.manifest import Manifest
from infrastructure.exporting.part import UNFINISHED, PartFile, fsync_folder
from infrastructure.exporting.refusals import FolderIsBusy

OURS = re.compile(r"\d{12}-\d{12}\.(jsonl|csv|parquet)(\.part)?")


class Folder:
    """Held by one process; see `held`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.manifest = manifest.read(path)

    def part(self, dataset: str, *, after: int, through: int, suffix: str) -> PartFile:
        """A new file of a dataset, by its first and last position."""
        return PartFile(self.path / dataset / f"{after + 1:012}-{through:012}.{suffix}")

    def keep(self, kept: Manifest) -> None:
        """From now on the folder holds what this manifest says."""
        unfinished = self.path / f"{manifest.NAME}{UNFINISHED}"
        with unfinished.open("wb") as file:
            file.write(manifest.text_of(kept))
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self.path / manifest.NAME)
        fsync_folder(self.path)
        self.manifest = kept

    def clear(self) -> None:
        """Remove files of ours that the manifest has not: replaced, or left by a killed run."""
        for path in strays(self.path, self.manifest):
            path.unlink()


def strays(folder: Path, kept: Manifest | None) -> list[Path]:
    """Files that are named as ours and do not count."""
    datasets = {} if kept is None else kept.datasets
    counted = {folder / part.path for one in datasets.values() for part in one.files}
    found = (path for path in folder.glob("*/*") if OURS.fullmatch(path.name))
    unfinished = folder.glob(f"{manifest.NAME}{UNFINISHED}")
    return sorted({*found, *unfinished} - counted)


@contextmanager
def held(path: Path) -> Generator[Folder]:
    """The folder, made for its user alone if need be; the kernel frees it however the process ends.

    Raises FolderIsBusy, NotAnExport, OSError.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderIsBusy(f"another export is writing into {path}") from None
        folder = Folder(path)
        folder.clear()
        yield folder
    finally:
        os.close(descriptor)
