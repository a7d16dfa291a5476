"""The two copies of a read model's tables, and the views through which readers see one of them."""

from collections.abc import Mapping

from sqlalchemy import Table, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection

from projections import checkpoints
from projections.checkpoints import Checkpoint, Slot
from projections.projection import Projection
from projections.schema import METADATA

SCHEMAS: Mapping[Slot, str] = {"blue": "read_blue", "green": "read_green"}
OTHER: Mapping[Slot, Slot] = {"blue": "green", "green": "blue"}

# A type that PostgreSQL knows by another name is not judged.
_FITS = """
SELECT coalesce(bool_and(found.name IS NOT NULL AND wanted.name IS NOT NULL
                         AND coalesce(found.type = to_regtype(wanted.type), true)), false)
  FROM unnest(CAST(:columns AS text[]), CAST(:types AS text[])) AS wanted (name, type)
  FULL JOIN (SELECT attname::text, atttypid
               FROM pg_attribute
              WHERE attrelid = to_regclass(:name) AND attnum > 0 AND NOT attisdropped)
         AS found (name, type) ON found.name = wanted.name
"""


def tables_of(projection: Projection) -> list[Table]:
    """As readers name them."""
    return [METADATA.tables[f"read.{model.__tablename__}"] for model in projection.models]


async def write_in(connection: AsyncConnection, schema: str) -> None:
    """From now on this connection's statements about read models are about this schema's tables."""
    await connection.execution_options(schema_translate_map={"read": schema})


async def make_empty(connection: AsyncConnection, projection: Projection, *, schema: str) -> None:
    """New tables in place of those that were there."""
    await write_in(connection, schema)
    tables = tables_of(projection)
    await connection.run_sync(METADATA.drop_all, tables=tables)
    await connection.run_sync(METADATA.create_all, tables=tables)


async def begin(connection: AsyncConnection, projection: Projection, slot: Slot) -> Checkpoint:
    """An empty copy before the log's first event, in place of the one that was there."""
    await checkpoints.begin(connection, projection.name, slot, version=projection.version)
    await make_empty(connection, projection, schema=SCHEMAS[slot])
    copy = await checkpoints.read_slot(connection, projection.name, slot)
    assert copy is not None
    return copy


async def shown_copy(connection: AsyncConnection, projection: Projection) -> Checkpoint | None:
    """The one that readers see; in a new installation it is made here, and seen while it fills.

    None where readers see what was made before there were copies.
    """
    copy = await checkpoints.read_active(connection, projection.name)
    if copy is None and not await is_shown(connection, projection):
        await begin(connection, projection, "blue")
        await checkpoints.activate(connection, projection.name, "blue")
        await show(connection, projection, "blue")
        copy = await checkpoints.read_active(connection, projection.name)
    return copy


async def fits(connection: AsyncConnection, projection: Projection, slot: Slot) -> bool:
    """Has the copy all tables of this code, with its columns and their types?"""
    quote = connection.dialect.identifier_preparer.quote
    for table in tables_of(projection):
        wanted = {
            "name": f"{SCHEMAS[slot]}.{quote(table.name)}",
            "columns": [column.name for column in table.columns],
            "types": [column.type.compile(connection.dialect) for column in table.columns],
        }
        if not await connection.scalar(text(_FITS), wanted):
            return False
    return True


async def show(connection: AsyncConnection, projection: Projection, slot: Slot) -> None:
    """Readers see this copy, from the commit on.

    A view whose columns are other ones than before is dropped with all that is built on it.
    """
    for table in tables_of(projection):
        await _make_way(connection, table)
        await _show(connection, table, schema=SCHEMAS[slot])


async def is_shown(connection: AsyncConnection, projection: Projection) -> bool:
    """Is there something that readers see, of whatever version?"""
    names = [table.fullname for table in tables_of(projection)]
    found = "SELECT bool_or(to_regclass(name) IS NOT NULL) FROM unnest(CAST(:names AS text[])) name"
    return bool(await connection.scalar(text(found), {"names": names}))


async def _make_way(connection: AsyncConnection, table: Table) -> None:
    """Before there were two copies, readers saw the tables themselves."""
    kind = text("SELECT relkind FROM pg_class WHERE oid = to_regclass(:name)")
    if await connection.scalar(kind, {"name": table.fullname}) == b"r":
        await connection.execute(text(f"DROP TABLE {table.fullname} CASCADE"))
        await connection.execute(text("DROP TABLE IF EXISTS read.checkpoints"))


async def _show(connection: AsyncConnection, table: Table, *, schema: str) -> None:
    quote = connection.dialect.identifier_preparer.quote
    columns = ", ".join(quote(column.name) for column in table.columns)
    name = quote(table.name)
    view = text(f"CREATE OR REPLACE VIEW read.{name} AS SELECT {columns} FROM {schema}.{name}")  # noqa: S608
    try:
        async with connection.begin_nested():
            await connection.execute(view)
    except ProgrammingError:  # other columns
        await connection.execute(text(f"DROP VIEW read.{name} CASCADE"))
        await connection.execute(view)
    # Nobody writes through it: PostgreSQL would let its owner.
    await connection.execute(
        text(f"REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON read.{name} FROM CURRENT_USER")
    )
