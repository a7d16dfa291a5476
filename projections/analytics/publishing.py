"""Makes the views of `analytics`, each from the file of its name, with comments and grants."""

import hashlib
from functools import cache
from importlib.resources import files

from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection

VIEWS = (
    "threads",
    "messages",
    "message_texts",
    "completions",
    "tool_calls",
    "tool_executions",
    "usage_daily",
    "usage_hourly",
    "failures",
    "cancellations",
    "freshness",
)

_ALONE = text("SELECT pg_advisory_xact_lock(hashtextextended('threadlog.analytics', 0))")
_FOUND = text(
    "SELECT obj_description('analytics'::regnamespace, 'pg_namespace'),"
    " array_agg(viewname ORDER BY viewname) FROM pg_views WHERE schemaname = 'analytics'"
)


class ReadTablesMissing(Exception):
    """A read table, or a column of it, that a view is about is still to come."""


async def publish(connection: AsyncConnection) -> None:
    """Let analysts see what this version documents. Raises ReadTablesMissing; try again later.

    Works as threadlog_projector, in the caller's transaction, which should be its own: it waits for
    queries of analysts. Does nothing where all is as it should be; safe to repeat, at any time.
    What others have built on a view that changes is dropped with it.
    """
    if await _is_published(connection):
        return
    await connection.execute(_ALONE)
    try:
        async with connection.begin_nested():
            await _make(connection)
    except ProgrammingError as error:
        raise ReadTablesMissing(str(error.orig)) from error


async def _is_published(connection: AsyncConnection) -> bool:
    mark, found = (await connection.execute(_FOUND)).one()
    return mark == _mark() and set(VIEWS) <= set(found or ())


async def _make(connection: AsyncConnection) -> None:
    names = ", ".join(f"analytics.{view}" for view in VIEWS)
    await connection.exec_driver_sql(f"DROP VIEW IF EXISTS {names} CASCADE")
    for view in VIEWS:
        for statement in _sql(view).split(";\n"):
            if statement.strip():
                await connection.exec_driver_sql(statement)
    await connection.exec_driver_sql(f"COMMENT ON SCHEMA analytics IS '{_mark()}'")


@cache
def _sql(view: str) -> str:
    return files("projections.analytics").joinpath(f"{view}.sql").read_text(encoding="utf-8")


@cache
def _mark() -> str:
    """What the schema says of itself: a hash tells whether these are the views of this version."""
    whole = "".join(_sql(view) for view in VIEWS)
    return f"What analysts see (docs/analytics.md). {hashlib.sha256(whole.encode()).hexdigest()}"
