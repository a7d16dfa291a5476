"""Two tables of the same rows, compared in the database by hashes of their columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from sqlalchemy import Table
from sqlalchemy.dialects.postgresql.asyncpg import dialect

from infrastructure.event_log.connection import Connection, Row

ASIDE = "read_aside"  # the schema
NAMED = 5  # faults of each kind that are named

Kind: TypeAlias = Literal["differs", "missing", "surplus"]

_QUOTE = dialect().identifier_preparer.quote


@dataclass(frozen=True)
class Fault:
    """A row that readers see and that the log makes otherwise, or that only one of them has."""

    kind: Kind  # missing: readers do not see it; surplus: the log does not make it
    key: Mapping[str, str]
    columns: Sequence[str]  # that differ


@dataclass(frozen=True)
class Compared:
    """One table. `faults` are the first ones of each kind by key, `counts` are of all."""

    table: str
    rows: int  # that readers see
    counts: Mapping[Kind, int]
    faults: Sequence[Fault]

    @property
    def equal(self) -> bool:
        """No row differs, is missing or surplus."""
        return not self.counts


async def clear(connection: Connection, tables: Sequence[Table]) -> None:
    """Nothing of these tables stands aside any more."""
    for table in tables:
        for name in (table.name, _kept(table)):
            await connection.execute(f"DROP TABLE IF EXISTS {ASIDE}.{_QUOTE(name)}")


async def keep(connection: Connection, table: Table, *, schema: str, where: str = "true") -> None:
    """Keep aside what the rows of `schema` are now: keys and hashes."""
    rows = f"{_hashed(table, schema=schema)} WHERE {where}"
    await connection.execute(f"CREATE TABLE {ASIDE}.{_QUOTE(_kept(table))} AS {rows}")


async def compare(connection: Connection, table: Table) -> Compared:
    """Those that were kept with those that have been made aside since."""
    kept = f"{ASIDE}.{_QUOTE(_kept(table))}"
    keys = [f"k{number}" for number, _ in enumerate(table.primary_key)]
    match = " AND ".join(f"kept.{key} = made.{key}" for key in keys)
    key = ", ".join(f"coalesce(kept.{key}, made.{key})::text" for key in keys)
    compared = _COMPARE.format(
        made=_hashed(table, schema=ASIDE), kept=kept, match=match, key=key, named=NAMED
    )
    faults = await connection.fetch(compared)
    return Compared(
        table=table.name,
        rows=await connection.fetchval(f"SELECT count(*) FROM {kept}"),  # noqa: S608
        counts={row["kind"]: row["count"] for row in faults},
        faults=[_fault(table, row) for row in faults],
    )


# `{…}`: identifiers, quoted. A column that is NULL has no hash.
_COMPARE = """
SELECT kind, key, columns, count
  FROM (SELECT kind, key, columns, count(*) OVER (PARTITION BY kind) AS count,
               row_number() OVER (PARTITION BY kind ORDER BY key) AS number
          FROM (SELECT CASE WHEN kept.k0 IS NULL THEN 'missing'
                            WHEN made.k0 IS NULL THEN 'surplus' ELSE 'differs' END AS kind,
                       ARRAY[{key}] AS key,
                       ARRAY(SELECT n FROM generate_subscripts(kept.hashes, 1) AS n
                              WHERE kept.hashes[n] IS DISTINCT FROM made.hashes[n]) AS columns
                  FROM {kept} AS kept
                  FULL JOIN ({made}) AS made ON {match}
                 WHERE kept.hashes IS DISTINCT FROM made.hashes) AS faults) AS numbered
 WHERE number <= {named}
 ORDER BY kind, number
"""


def _hashed(table: Table, *, schema: str) -> str:
    keys = ", ".join(f"{_QUOTE(key.name)} AS k{n}" for n, key in enumerate(table.primary_key))
    hashes = ", ".join(f"hashtextextended({_QUOTE(c.name)}::text, 0)" for c in table.columns)
    return f"SELECT {keys}, ARRAY[{hashes}] AS hashes FROM {schema}.{_QUOTE(table.name)}"  # noqa: S608


def _kept(table: Table) -> str:
    return f"{table.name}:shown"


def _fault(table: Table, row: Row) -> Fault:
    key = [column.name for column in table.primary_key]
    names = [column.name for column in table.columns]
    places: list[int] = row["columns"] if row["kind"] == "differs" else []
    return Fault(
        kind=row["kind"],
        key=dict(zip(key, row["key"], strict=True)),
        columns=[names[place - 1] for place in places],
    )
