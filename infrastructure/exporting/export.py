"""Copies what is new into a folder: each file written whole, told to the log, named, counted."""

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

from asyncpg import PostgresError

from domain.account_events import DataExported
from infrastructure.exporting.event_rows import COLUMNS
from infrastructure.exporting.folder import Folder, held
from infrastructure.exporting.formats import Format, Wrote, format_of
from infrastructure.exporting.manifest import Exported, Manifest, Part
from infrastructure.exporting.part import PartFile
from infrastructure.exporting.plan import Order, Task, begun, columns_of, planned
from infrastructure.exporting.refusals import ExportFailed
from infrastructure.exporting.snapshot import EVENTS, Snapshot, snapshot_of

__all__ = ["Order", "Progress", "Summary", "export"]

Record = Callable[[DataExported], Awaitable[None]]


class Progress(Protocol):
    """Somebody who watches."""

    def begin(self, dataset: str, *, rows: int) -> None:
        """A dataset of about so many rows."""
        ...

    def add(self, rows: int) -> None:
        """So many rows more."""
        ...

    def end(self, dataset: str, *, rows: int) -> None:
        """The dataset is done; so many rows they were."""
        ...


@dataclass(frozen=True)
class Summary:
    """What a run has added."""

    rows: dict[str, int]  # of each dataset
    through: int  # where the folder stands
    behind: int  # events of the log that the tables do not show yet


async def export(url: str, order: Order, *, record: Record, progress: Progress) -> Summary:
    """Safe to repeat, after a crash too: what is in the folder is kept, what is not is added.

    `record` makes it durable that a file leaves before the file has its name.
    Raises WronglyAsked, ExportFailed, OSError (a full disk is one of them).
    """
    if order.format is not None:
        format_of(order.format)  # before anything is made
    try:
        async with snapshot_of(url, wanted=order.datasets) as snapshot:
            with held(order.folder) as folder:
                run = await _Run.begin(order, folder, snapshot, record=record, progress=progress)
                return await run.all()
    except PostgresError as error:
        raise ExportFailed(f"the database answers: {error}") from error


class _Run:
    """One export into a folder that is held."""

    def __init__(
        self,
        folder: Folder,
        snapshot: Snapshot,
        manifest: Manifest,
        *,
        tasks: list[Task],
        record: Record,
        progress: Progress,
    ) -> None:
        self._folder = folder
        self._snapshot = snapshot
        self._manifest = manifest
        self._tasks = tasks
        self._format: Format = format_of(manifest.format)
        self._record = record
        self._progress = progress

    @staticmethod
    async def begin(
        order: Order, folder: Folder, snapshot: Snapshot, *, record: Record, progress: Progress
    ) -> "_Run":
        """See what there is to do."""
        manifest = await begun(order, folder.manifest, snapshot)
        tasks = planned(order, manifest, snapshot)
        return _Run(folder, snapshot, manifest, tasks=tasks, record=record, progress=progress)

    async def all(self) -> Summary:
        """One dataset after the other."""
        added = {task.dataset: await self._dataset(task) for task in self._tasks}
        through = max((task.through for task in self._tasks), default=0)
        return Summary(added, through, self._snapshot.last - self._snapshot.shown)

    async def _dataset(self, task: Task) -> int:
        self._progress.begin(task.dataset, rows=await self._expected(task))
        kept = task.kept or Exported(
            after=task.after, through=task.after, columns=self._columns(task.dataset)
        )
        added = 0
        for after, through in task.parts:
            part = await self._part(task.dataset, after, through)
            files = (*kept.files, part) if part.rows else kept.files
            kept = Exported(after=kept.after, through=through, columns=kept.columns, files=files)
            self._keep(task.dataset, kept)
            added += part.rows
        self._keep(task.dataset, kept)  # where there was nothing
        self._folder.clear()  # what this has replaced
        self._progress.end(task.dataset, rows=added)
        return added

    def _keep(self, dataset: str, exported: Exported) -> None:
        manifest = self._manifest.with_dataset(dataset, exported)
        if manifest != self._folder.manifest:
            self._folder.keep(manifest)
        self._manifest = manifest

    async def _part(self, dataset: str, after: int, through: int) -> Part:
        """Written and known to the log before it has its name."""
        suffix = self._manifest.format
        file = self._folder.part(dataset, after=after, through=through, suffix=suffix)
        try:
            rows = await self._write(dataset, file, after=after, through=through)
            if rows:
                file.settle()
                await self._record(DataExported(dataset, suffix, after, through, rows))
                file.publish()
        finally:
            file.discard()
        path = file.path.relative_to(self._folder.path).as_posix()
        return Part(
            path=path, after=after, through=through, rows=rows, bytes=file.bytes, sha256=file.sha256
        )

    async def _write(self, dataset: str, file: PartFile, *, after: int, through: int) -> int:
        wrote: Wrote = self._progress.add
        if dataset == EVENTS:
            thread_id = self._manifest.thread_id
            events = self._snapshot.events(after=after, through=through, thread_id=thread_id)
            async with aclosing(events) as pages:
                return await self._format.write_events(file, pages, wrote=wrote)
        table = self._snapshot.tables[dataset]
        query = table.rows(
            self._format.columns(table),
            after=after,
            through=through,
            thread_id=self._manifest.thread_id,
        )
        return await self._format.write_table(
            file, table, query, snapshot=self._snapshot, wrote=wrote
        )

    async def _expected(self, task: Task) -> int:
        if task.dataset == EVENTS:
            return task.through - task.after
        table = self._snapshot.tables[task.dataset]
        thread_id = self._manifest.thread_id
        query = table.rows(
            "1", after=task.after, through=task.through, thread_id=thread_id, ordered=False
        )
        return await self._snapshot.count(query)

    def _columns(self, dataset: str) -> tuple[tuple[str, str], ...]:
        return COLUMNS if dataset == EVENTS else columns_of(dataset, self._snapshot)
