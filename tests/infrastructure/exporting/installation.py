"""A small installation to export: a log, and a view as the analysts have them."""

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

from domain.account_events import DataExported
from infrastructure.event_log.lines import line_of
from infrastructure.event_log.reader import LogReader
from infrastructure.exporting import Order, Summary, export
from tests.infrastructure.event_log.appending import writer
from tests.infrastructure.event_log.databases import LogDatabase
from tests.infrastructure.event_log.events import raw
from tests.servers import connected

STRANGE = ("plain", "", "\r\n", 'a "quoted", line', "ä\u2028", '{"at":1,"data":{"text":"x"}}')
NOT_TEXT = (b"\x00\xff", b"a\x00b")

# A row has one column of each kind.
VIEW = """
CREATE TABLE read_aside.sample (
    id uuid, thread_id uuid, position bigint, title text, parts jsonb, cost numeric(20, 6),
    rate numeric, seconds double precision, ok boolean, at timestamptz, day date, tags text[]);
CREATE VIEW analytics.sample AS SELECT * FROM read_aside.sample;
ALTER TABLE read_aside.sample OWNER TO threadlog_projector;
ALTER VIEW analytics.sample OWNER TO threadlog_projector;
CREATE VIEW analytics.usage AS SELECT count(*) AS n FROM read_aside.sample;
"""
NO_VIEW = """
DROP SCHEMA IF EXISTS analytics CASCADE;
CREATE SCHEMA analytics AUTHORIZATION threadlog_projector;
DROP TABLE IF EXISTS read_aside.sample CASCADE;
DELETE FROM threadlog.projections;
"""
ROW = """
INSERT INTO read_aside.sample VALUES (
    $1, $2, $3, $4, '{"b": [1, "x\\ny"], "a": null}', 12345678901234.123456, 1.0 / 3, 0.1, true,
    '2026-11-22 07:00:00.123456+00', '2026-11-22', '{a,"b,c"}')
"""
SHOWN = """
INSERT INTO threadlog.projections (name, slot, version, position, active)
VALUES ('record', 'blue', 1, $1, true)
ON CONFLICT (name, slot) DO UPDATE SET position = excluded.position
"""


class Quiet:
    """Nobody watches."""

    def begin(self, dataset: str, *, rows: int) -> None: ...
    def add(self, rows: int) -> None: ...
    def end(self, dataset: str, *, rows: int) -> None: ...


@dataclass(frozen=True)
class Installation:
    """`database` is emptied for each test."""

    database: LogDatabase

    async def say(self, *texts: str, thread_id: UUID | None = None) -> UUID:
        """Events of a new stream, of a new thread if none is named; the thread."""
        thread = thread_id or uuid4()
        async with writer(self.database.url) as log:
            await log.append(
                raw(
                    *(uuid4(), 0, *texts),
                    topic="thread.renamed@1",
                    thread_id=thread,
                    owner_id=uuid4(),
                )
            )
        return thread

    async def row(self, thread_id: UUID, title: str | None = "a title") -> UUID:
        """A row of the view, of this thread."""
        row_id = uuid4()
        async with connected(self.database.owner_url) as superuser:
            count = await superuser.fetchval("SELECT count(*) FROM read_aside.sample")
            await superuser.execute(ROW, row_id, thread_id, count // 2, title)
        return row_id

    async def show(self, position: int | None = None) -> None:
        """The tables have followed the log up to here; to its end, if nothing is said."""
        async with connected(self.database.owner_url) as superuser:
            await superuser.execute(SHOWN, position or await self.last())

    async def last(self) -> int:
        """Position of the log."""
        async with LogReader(self.database.url) as reader:
            return await reader.last_position()

    async def lines(self) -> list[bytes]:
        """The whole log, as it should be exported."""
        async with LogReader(self.database.url) as reader:
            entries = (await reader.read_after(0, limit=100_000)).entries
        return [line_of(entry) + b"\n" for entry in entries]

    async def export(self, order: Order) -> Summary:
        """Without a trace in the log, so that two exports may be compared."""
        return await export(self.database.url, order, record=untold, progress=Quiet())


async def untold(_: DataExported) -> None:
    """Nobody is told."""


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}
