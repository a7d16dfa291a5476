"""What an export has to do: for each dataset the positions between which it lies."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from infrastructure.exporting.manifest import Exported, FormatName, Manifest
from infrastructure.exporting.refusals import (
    OtherExport,
    PositionIsAhead,
    TablesShowThePresent,
    UnknownThread,
)
from infrastructure.exporting.snapshot import EVENTS, Snapshot

EVENTS_OF_PART = 1_000_000  # positions


@dataclass(frozen=True)
class Order:
    """What somebody wants."""

    folder: Path
    datasets: Sequence[str] = ()  # none: all
    format: FormatName | None = None  # None: the folder's; for a new one JSON Lines
    after: int | None = None  # None: where the folder stands; for a new one the beginning
    through: int | None = None  # None: as far as there is
    thread_id: UUID | None = None


@dataclass(frozen=True)
class Task:
    """One dataset: what happened after a position and up to another one."""

    dataset: str
    after: int
    through: int
    kept: Exported | None  # what it adds to; None: nothing, whatever the folder holds of it

    @property
    def parts(self) -> Iterator[tuple[int, int]]:
        """Its files: events in many, so that a run that is killed has lost little."""
        step = EVENTS_OF_PART if self.dataset == EVENTS else max(self.through - self.after, 1)
        for after in range(self.after, self.through, step):
            yield after, min(after + step, self.through)


async def begun(order: Order, kept: Manifest | None, snapshot: Snapshot) -> Manifest:
    """The manifest to go on from. Raises OtherExport, UnknownThread."""
    log = await snapshot.log_id()
    if kept is None:
        if order.thread_id is not None and not await snapshot.holds(order.thread_id):
            raise UnknownThread(f"the log holds no thread {order.thread_id}")
        return Manifest(format=order.format or "jsonl", log=log, thread_id=order.thread_id)
    if kept.log not in ("", log):
        raise OtherExport(f"{order.folder} holds an export of another log")
    if order.format not in (None, kept.format):
        raise OtherExport(f"{order.folder} holds {kept.format}: take another folder")
    if order.thread_id != kept.thread_id:
        whole = "everything" if kept.thread_id is None else f"the thread {kept.thread_id}"
        raise OtherExport(f"{order.folder} holds an export of {whole}: take another folder")
    return Manifest(format=kept.format, log=log, thread_id=kept.thread_id, datasets=kept.datasets)


def planned(order: Order, manifest: Manifest, snapshot: Snapshot) -> list[Task]:
    """What is to be done. Raises PositionIsAhead, OtherExport, TablesShowThePresent."""
    if order.through is not None and snapshot.tables:
        raise TablesShowThePresent("--through is for events alone: tables show the present")
    through = snapshot.shown if order.through is None else order.through
    for position in (order.after or 0, through):
        if position > snapshot.last:
            raise PositionIsAhead(f"{position} is beyond the log's end, which is {snapshot.last}")
    tasks = list[Task]()
    for dataset in _datasets(order, snapshot):
        kept = manifest.datasets.get(dataset)
        after = _after(dataset, order=order, kept=kept)
        if after > snapshot.last:
            raise PositionIsAhead(
                f"{order.folder} stands at {after}, the log ends at {snapshot.last}"
            )
        _check_columns(dataset, kept, snapshot=snapshot)
        if kept is not None and dataset != EVENTS and through > after < snapshot.swapped:
            after, kept = kept.after, None  # rows may be others in which nothing has happened
        tasks.append(Task(dataset, after, max(through, after), kept))
    return tasks


def _datasets(order: Order, snapshot: Snapshot) -> list[str]:
    wants_events = not order.datasets or EVENTS in order.datasets
    return [*([EVENTS] if wants_events else []), *snapshot.tables]


def _after(dataset: str, *, order: Order, kept: Exported | None) -> int:
    if kept is None:
        return order.after or 0
    if order.after not in (None, kept.through):
        raise OtherExport(
            f"{dataset} in {order.folder} stands at {kept.through}: it goes on there without"
            " --after; for another range take another folder"
        )
    return kept.through


def _check_columns(dataset: str, kept: Exported | None, *, snapshot: Snapshot) -> None:
    if kept is None or dataset == EVENTS:
        return
    if kept.columns != columns_of(dataset, snapshot):
        raise OtherExport(f"{dataset} has other columns than before: take another folder")


def columns_of(dataset: str, snapshot: Snapshot) -> tuple[tuple[str, str], ...]:
    """Names and PostgreSQL's types of a table."""
    return tuple((column.name, column.type) for column in snapshot.tables[dataset].columns)
