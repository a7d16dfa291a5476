"""An exported log as the library's application recorder: what was exported can be read again."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, NoReturn
from uuid import UUID

from eventsourcing.persistence import (
    ApplicationRecorder,
    DataError,
    Notification,
    ProgrammingError,
    StoredEvent,
)

from infrastructure.event_log.entry import LogEntry
from infrastructure.event_sourcing.application import as_uuid
from infrastructure.exporting import manifest
from infrastructure.exporting.manifest import Exported, FormatName, Part
from infrastructure.exporting.reading import FileIsBroken, events_in
from infrastructure.exporting.refusals import NotAnExport
from infrastructure.exporting.snapshot import EVENTS

LAST = 2**63 - 1


class ExportIsReadOnly(ProgrammingError):
    """Nothing can be written into an export, and nothing follows in it."""


class ExportedLogRecorder(ApplicationRecorder):
    """Reads the dataset `events` of a folder, or one file of it: .jsonl, .csv or .parquet.

    Events come back as `LogEntry`, byte for byte; no database is asked. Reading in order of
    position, page by page, reads the files once; any other read goes through them from the start.
    Constructing raises NotAnExport; reading raises the library's DataError for a broken file,
    and FormatIsMissing for Parquet without pyarrow.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kind: FormatName
        self._kind, self._exported, self._last = _exported(path)
        self._lock = Lock()
        self._next: tuple[int, Iterator[LogEntry]] | None = None  # follows this position

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Events in order of position, each a `LogEntry`: with its thread, owner and time."""
        after = 0 if start is None else start - inclusive_of_start
        last = LAST if stop is None else stop
        found: list[LogEntry] = []
        with self._lock, _library_errors():
            entries, self._next = self._after(after), None
            while len(found) < limit and after < last:
                entry = next(entries, None)
                if entry is None:
                    break
                after = entry.position
                if after <= last and (not topics or entry.topic in topics):
                    found.append(entry)
            self._next = (after, entries) if after <= last else None
        return found

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """Events of one stream; reads everything."""
        stream_id = as_uuid(originator_id)
        least = -LAST if gt is None else gt
        most = LAST if lte is None else lte
        with _library_errors():
            found = [
                StoredEvent(stream_id, entry.originator_version, entry.topic, entry.state)
                for entry in self._entries(about=stream_id)
                if entry.originator_id == stream_id and least < entry.originator_version <= most
            ]
        if desc:
            found.reverse()
        return found[:limit]

    def read_thread(self, thread_id: UUID, *, after: int = 0) -> Iterator[LogEntry]:
        """Events of all streams of a thread after a position, in order; reads everything."""
        with _library_errors():
            for entry in self._entries(after=after, about=thread_id):
                if entry.thread_id == thread_id:
                    yield entry

    def max_notification_id(self) -> int | None:
        """The position of the last event; None when there is none."""
        if self._last is None and self._exported.files:
            last_file = self._exported.files[-1]
            with _library_errors():
                for entry in self._of_file(last_file, about=None):
                    self._last = entry.position
        return self._last

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> NoReturn:
        """Raises ExportIsReadOnly."""
        raise ExportIsReadOnly(f"{self._path} is an export: nothing can be written into it")

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> NoReturn:
        """Raises ExportIsReadOnly."""
        raise ExportIsReadOnly(f"{self._path} is an export: nothing follows in it")

    def _after(self, position: int) -> Iterator[LogEntry]:
        """Goes on where the read before this one ended, if it ended here."""
        if self._next is not None and self._next[0] == position:
            return self._next[1]
        return self._entries(after=position)

    def _entries(self, *, after: int = 0, about: UUID | None = None) -> Iterator[LogEntry]:
        for part in self._exported.files:
            if part.through > after:
                entries = self._of_file(part, about=about)
                yield from (entry for entry in entries if entry.position > after)

    def _of_file(self, part: Part, *, about: UUID | None) -> Iterator[LogEntry]:
        path = self._path / part.path if self._path.is_dir() else self._path
        return events_in(path, self._kind, about=None if about is None else str(about))


def _exported(path: Path) -> tuple[FormatName, Exported, int | None]:
    """The format, what there is to read, and the last event's position where that is known."""
    if not path.is_dir():
        only = Exported(after=0, through=LAST, columns=(), files=(_only(path),))
        return _kind_of(path), only, None
    found = manifest.read(path)
    if found is None or EVENTS not in found.datasets:
        raise NotAnExport(f"{path} holds no exported events")
    events = found.datasets[EVENTS]
    is_whole = found.thread_id is None and events.files
    return found.format, events, events.files[-1].through if is_whole else None


def _kind_of(path: Path) -> FormatName:
    match path.suffix:
        case ".jsonl":
            return "jsonl"
        case ".csv":
            return "csv"
        case ".parquet":
            return "parquet"
        case _:
            raise NotAnExport(f"{path} is neither a folder nor .jsonl, .csv or .parquet")


def _only(path: Path) -> Part:
    if not path.is_file():
        raise NotAnExport(f"there is no {path}")
    return Part(path=path.name, after=0, through=LAST, rows=0, bytes=0, sha256="")


@contextmanager
def _library_errors() -> Generator[None]:
    try:
        yield
    except FileIsBroken as error:
        raise DataError(str(error)) from error
