"""What there is to export beside the log: the analysts' views, as the database's catalogue says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

from domain.catalogue import BY_TYPE
from domain.ids import projection_stream
from domain.operation_events import ProjectionSwapped
from infrastructure.event_log.connection import Connection
from infrastructure.event_log.statements import statement

PACKAGE = "infrastructure.exporting"

# Their rows stand in order of these, if there are such columns, so that each copy is the same.
FIRST_IN_ORDER = ("position", "id")
COMPARED = ("bigint", "integer", "uuid", "timestamp with time zone", "boolean", "text")


@dataclass(frozen=True)
class Column:
    """Of a view."""

    name: str
    type: str  # as PostgreSQL writes it

    @property
    def quoted(self) -> str:
        """For a statement."""
        return '"' + self.name.replace('"', '""') + '"'


@dataclass(frozen=True)
class Query:
    """A statement with its arguments."""

    sql: str
    arguments: tuple[object, ...]


@dataclass(frozen=True)
class Table:
    """A view of the schema `analytics` whose rows belong to threads."""

    name: str
    columns: tuple[Column, ...]

    @property
    def quoted(self) -> str:
        """For a statement."""
        return 'analytics."' + self.name.replace('"', '""') + '"'

    def rows(
        self,
        columns: str,
        *,
        after: int,
        through: int,
        thread_id: UUID | None,
        ordered: bool = True,
    ) -> Query:
        """The rows of threads in which something happened after a position; 0: all rows."""
        conditions, arguments = list[str](), list[object]()
        if after:
            conditions.append(f"t.{self._thread} IN ({statement('changed_threads')})")
            arguments += [after, through]
        if thread_id is not None:
            arguments.append(thread_id)
            conditions.append(f"t.{self._thread} = ${len(arguments)}")
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        order = f" ORDER BY {self._order}" if ordered else ""
        sql = f"SELECT {columns} FROM {self.quoted} AS t{where}{order}"  # noqa: S608
        return Query(sql, tuple(arguments))

    @property
    def _thread(self) -> str:
        names = {column.name for column in self.columns}
        return '"thread_id"' if "thread_id" in names else '"id"'

    @property
    def _order(self) -> str:
        known = {column.name: column for column in self.columns}
        first = [known[name] for name in FIRST_IN_ORDER if name in known]
        rest = [one for one in self.columns if one not in first and one.type in COMPARED]
        return ", ".join(_sorted_by(column) for column in [*first, *rest]) or "t::text"


def _sorted_by(column: Column) -> str:
    """The same order on every server: texts by their bytes."""
    return f't.{column.quoted} COLLATE "C"' if column.type == "text" else f"t.{column.quoted}"


async def tables(connection: Connection) -> Mapping[str, Table]:
    """All of them, by name."""
    rows = await connection.fetch(statement("views", package=PACKAGE))
    found: dict[str, Table] = {}
    for view, columns in groupby(rows, key=lambda row: row["view"]):
        found[view] = Table(view, tuple(Column(row["name"], row["type"]) for row in columns))
    return found


async def shown_through(connection: Connection, read_models: Sequence[str]) -> int:
    """Up to which position the tables show the log."""
    shown = statement("shown", package=PACKAGE)
    position: int | None = await connection.fetchval(shown, list(read_models))
    return position or 0


async def swapped_at(connection: Connection, read_models: Sequence[str]) -> int:
    """At which position it stands that tables were last replaced by others; 0: never."""
    streams = [projection_stream(name) for name in read_models]
    name = BY_TYPE[ProjectionSwapped].name
    return await connection.fetchval(statement("swapped", package=PACKAGE), streams, name)
