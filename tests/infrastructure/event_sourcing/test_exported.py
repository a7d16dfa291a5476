"""An exported log answers the library as the log itself does."""

from collections.abc import Sequence
from pathlib import Path
from shutil import rmtree
from typing import Any
from uuid import UUID, uuid4

import pytest
from eventsourcing.persistence import (
    ApplicationRecorder,
    DataError,
    Notification,
    ProgrammingError,
    StoredEvent,
)
from eventsourcing.tests import persistence as persistence_tests

from infrastructure.event_log.batch import NewEvent, NewEvents
from infrastructure.event_log.entry import LogEntry
from infrastructure.event_log.reader import LogReader
from infrastructure.event_sourcing import Factory, LogApplicationRecorder
from infrastructure.event_sourcing.exported import ExportedLogRecorder
from infrastructure.exporting import Order, Summary, export
from infrastructure.exporting.manifest import FormatName
from infrastructure.exporting.refusals import NotAnExport
from tests.infrastructure.event_log.appending import writer
from tests.infrastructure.event_log.databases import LogDatabase
from tests.infrastructure.event_sourcing.databases import Databases
from tests.infrastructure.exporting.installation import NOT_TEXT, STRANGE, Quiet, untold

FORMATS: tuple[FormatName, ...] = ("jsonl", "csv", "parquet")
STATES = [text.encode() for text in STRANGE] + [*NOT_TEXT, b"[1,\n2]", b"1" * 200_000]


async def exported(
    log: LogDatabase, folder: Path, kind: FormatName, *, thread_id: UUID | None = None
) -> Summary:
    order = Order(folder, ["events"], kind, thread_id=thread_id)
    return await export(log.url, order, record=untold, progress=Quiet())


async def strange_log(log: LogDatabase, *, streams: int = 3) -> list[LogEntry]:
    """Streams of one thread, and one of none; what is in the log then."""
    thread = uuid4()
    async with writer(log.url) as threadlog:
        for number in range(streams):
            facts = (thread, uuid4()) if number else (None, None)
            events = [NewEvent(f"to,pic@{n % 3}", state) for n, state in enumerate(STATES)]
            await threadlog.append(NewEvents(uuid4(), 0, events, *facts))
    async with LogReader(log.url) as reader:
        return (await reader.read_after(0, limit=10_000)).entries


@pytest.mark.parametrize("kind", FORMATS)
async def test_every_event_comes_back_byte_for_byte(
    log: LogDatabase, tmp_path: Path, kind: FormatName
) -> None:
    live = await strange_log(log)
    await exported(log, tmp_path, kind)
    recorder = ExportedLogRecorder(tmp_path)
    assert recorder.select_notifications(None, 1000) == live
    (file,) = (tmp_path / "events").iterdir()
    alone = ExportedLogRecorder(file)
    assert alone.select_notifications(None, 1000) == live
    assert recorder.max_notification_id() == alone.max_notification_id() == len(live)


@pytest.mark.parametrize("kind", FORMATS)
async def test_it_answers_as_the_log_itself_wherever_one_reads(
    log: LogDatabase, tmp_path: Path, kind: FormatName
) -> None:
    live = await strange_log(log, streams=2)
    await exported(log, tmp_path, kind)
    live += (await strange_log(log, streams=2))[len(live) :]
    await exported(log, tmp_path, kind)
    recorder = ExportedLogRecorder(tmp_path)
    stream, thread = live[0].originator_id, live[-1].thread_id
    assert thread is not None
    assert list(recorder.read_thread(thread)) == [one for one in live if one.thread_id == thread]
    assert list(recorder.read_thread(thread, after=35)) == [
        one for one in live[35:] if one.thread_id == thread
    ]
    factory = Factory({"THREADLOG_DATABASE_URL": log.url})
    original = factory.application_recorder()
    for start, limit, stop, topics, inclusive in (
        (None, 3, None, (), True),
        (4, 3, None, (), True),  # goes on where the last one ended
        (6, 3, None, (), False),
        (2, 30, 5, (), True),
        (6, 30, None, ("to,pic@1",), True),
        (len(live), 5, None, (), True),
        (len(live), 5, None, (), False),
        (1, 5, 0, (), True),
        (1, 500, None, ("none",), True),
        (1, 0, None, (), True),
    ):
        asked: tuple[Any, ...] = (start, limit, stop, topics)
        assert recorder.select_notifications(
            *asked, inclusive_of_start=inclusive
        ) == original.select_notifications(*asked, inclusive_of_start=inclusive), asked
    ranges: list[dict[str, Any]] = [{}, {"gt": 2}, {"gt": 2, "lte": 4}, {"desc": True, "limit": 2}]
    for options in ranges:
        assert recorder.select_events(stream, **options) == original.select_events(
            stream, **options
        )
    assert recorder.select_events(uuid4()) == []
    factory.close()


async def test_a_thread_alone_ends_at_its_last_event(log: LogDatabase, tmp_path: Path) -> None:
    live = await strange_log(log, streams=2)
    await strange_log(log, streams=1)
    await exported(log, tmp_path, "jsonl", thread_id=live[-1].thread_id)
    recorder = ExportedLogRecorder(tmp_path)
    assert recorder.max_notification_id() == live[-1].position
    assert recorder.select_notifications(1, 100) == live[len(STATES) :]


async def test_nothing_is_written_into_an_export_and_nothing_follows(
    log: LogDatabase, tmp_path: Path
) -> None:
    await exported(log, tmp_path, "jsonl")
    recorder = ExportedLogRecorder(tmp_path)
    assert recorder.max_notification_id() is None
    with pytest.raises(ProgrammingError, match="nothing can be written"):
        recorder.insert_events([StoredEvent(uuid4(), 1, "topic", b"")])
    with pytest.raises(ProgrammingError, match="nothing follows"):
        recorder.subscribe()


@pytest.mark.parametrize("kind", FORMATS)
async def test_a_broken_file_is_named_each_time(
    log: LogDatabase, tmp_path: Path, kind: FormatName
) -> None:
    await strange_log(log)
    await exported(log, tmp_path, kind)
    (file,) = (tmp_path / "events").iterdir()
    file.write_bytes(file.read_bytes()[:-20])
    recorder = ExportedLogRecorder(tmp_path)
    read = recorder.select_notifications(1, 0 if kind == "parquet" else 3)
    for _ in range(2):
        with pytest.raises(DataError, match=file.name):
            recorder.select_notifications(len(read), 1000, inclusive_of_start=False)


def test_what_is_no_export_is_refused(tmp_path: Path) -> None:
    (tmp_path / "events.txt").touch()
    for path in (tmp_path, tmp_path / "events.txt", tmp_path / "none.jsonl"):
        with pytest.raises(NotAnExport):
            ExportedLogRecorder(path)


class Exporting(ApplicationRecorder):
    """Writes into the log; exports it anew before every read, and reads that."""

    def __init__(
        self, original: LogApplicationRecorder, databases: Databases, log: LogDatabase, to: Path
    ) -> None:
        self._original, self._databases, self._log, self._to = original, databases, log, to

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int] | None:
        return self._original.insert_events(stored_events)

    def select_events(self, originator_id: UUID | str, **options: Any) -> Sequence[StoredEvent]:
        return self._exported().select_events(originator_id, **options)

    def select_notifications(self, *args: Any, **options: Any) -> Sequence[Notification]:
        return self._exported().select_notifications(*args, **options)

    def max_notification_id(self) -> int | None:
        return self._exported().max_notification_id()

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> Any:
        raise NotImplementedError

    def _exported(self) -> ExportedLogRecorder:
        rmtree(self._to, ignore_errors=True)
        self._databases.run(exported(self._log, self._to, "jsonl"))
        return ExportedLogRecorder(self._to)


class TestReading(persistence_tests.ApplicationRecorderTestCase[Exporting]):
    """The library's own expectations; those about writers are for the log itself."""

    @pytest.fixture(autouse=True)
    def on_our_log(self, log: LogDatabase, databases: Databases, tmp_path: Path) -> Any:
        factory = Factory({"THREADLOG_DATABASE_URL": log.url})
        self.make = lambda: Exporting(
            factory.application_recorder(), databases, log, tmp_path / "export"
        )
        yield
        factory.close()

    def create_recorder(self) -> Exporting:
        return self.make()

    test_performance: Any = None
    test_concurrent_no_conflicts: Any = None
    test_concurrent_throughput: Any = None
