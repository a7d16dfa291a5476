"""Which tables and indexes were read from end to end, by PostgreSQL's own counters."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

from tests.guards.filled import THREADS
from tests.servers import Connection

# Of what grows with use; the number of rows is the planner's, who has just looked.
_COUNTERS = """
SELECT format('%I.%I', s.schemaname, s.relname) AS name, c.reltuples::bigint AS rows,
       s.seq_scan AS scans, s.seq_tup_read AS read
  FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
 WHERE c.reltuples >= $1
 UNION ALL
SELECT format('%I.%I', s.schemaname, s.indexrelname), c.reltuples::bigint,
       s.idx_scan, s.idx_tup_read
  FROM pg_stat_user_indexes s JOIN pg_class c ON c.oid = s.indexrelid
 WHERE c.reltuples >= $1
"""
PLANNED = ("--", "SELECT", "WITH", "INSERT", "UPDATE", "(")  # how they begin, but BEGIN and such
_PLAN = """
CREATE OR REPLACE FUNCTION pg_temp.plan(query text) RETURNS json LANGUAGE plpgsql AS $$
DECLARE plan json;
BEGIN
    EXECUTE 'EXPLAIN (GENERIC_PLAN, FORMAT JSON) ' || query INTO plan;
    RETURN plan;
END $$
"""


@dataclass(frozen=True)
class Read:
    """How often a table was read from its first row on, or an index used, and what that read."""

    name: str
    rows: int
    scans: int
    read: int


async def reads(owner: Connection) -> dict[str, Read]:
    """Of large tables and indexes, since the counters began, inside functions too.

    Ask when those who read have left: they report late.
    """
    return {row["name"]: Read(*row.values()) for row in await owner.fetch(_COUNTERS, THREADS)}


async def suspects(owner: Connection, texts: Iterable[str], *, tables: Iterable[str]) -> list[str]:
    """Those of the statements whose plan reads one of the tables from its first row on.

    AssertionError when none of them has a plan: then nobody was listened to.
    """
    await owner.execute(_PLAN)
    names = {name.rpartition(".")[2] for name in tables}
    planned = [text for text in texts if text.startswith(PLANNED)]
    assert planned, "no statement was logged"
    found: list[str] = []
    for text in planned:
        plan = json.loads(await owner.fetchval("SELECT pg_temp.plan($1)", text))
        if names & set(_scanned(plan)):
            found.append(text)
    return found


def _scanned(plan: Any) -> Iterable[str]:
    match plan:
        case {"Node Type": "Seq Scan", "Relation Name": str(name)}:
            yield name
        case dict():
            for part in cast("dict[str, Any]", plan).values():
                yield from _scanned(part)
        case list():
            for part in cast("list[Any]", plan):
                yield from _scanned(part)
        case _:
            pass
