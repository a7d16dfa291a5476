"""Brings a database's schema up to date; any number of processes may try at once."""

import asyncio
from collections.abc import Sequence

import asyncpg

from infrastructure.event_log.connection import RUNTIME, Connection, connected
from infrastructure.migrations.files import Migration, migrations, read_sql
from infrastructure.migrations.problems import (
    DatabasesDiffer,
    MigrationBusy,
    MigrationChanged,
    RolesMissing,
    SchemaIsOld,
    ServerTooOld,
)

OLDEST_SERVER = 16
WAIT_SECONDS = 60
LOCK = "SELECT pg_advisory_lock(hashtextextended('threadlog.migrations', 0))"
# No such role, the login may not take it, no such table.
NEVER_MIGRATED = (
    asyncpg.InvalidParameterValueError,
    asyncpg.InsufficientPrivilegeError,
    asyncpg.UndefinedTableError,
)
# Two databases of one server that create the same roles at the same moment.
RACE = (
    asyncpg.UniqueViolationError,
    asyncpg.DuplicateObjectError,
    asyncpg.InternalServerError,  # tuple concurrently updated
)


async def migrate(owner_url: str, runtime_url: str) -> list[str]:
    """Apply what is missing and return its names, in order; nothing missing: an empty list.

    Safe to repeat, to run in several processes at once, and after a kill at any moment: each file
    is one transaction with its record. Raises a SchemaProblem that says what to do.
    """
    async with connected(owner_url) as connection:
        await _check_server(connection)
        await _lock(connection)
        await _make_roles(connection)
        applied = await _apply(connection, migrations())
        await _grant_roles(connection, runtime_url)
    await check_schema(runtime_url)
    return applied


async def pending(runtime_url: str) -> list[str]:
    """Names of the migrations that the database has not applied. Changes nothing."""
    try:
        async with connected(runtime_url, role=RUNTIME) as connection:
            done = await _applied(connection)
    except NEVER_MIGRATED:
        done = {}
    return _missing(migrations(), done)


async def check_schema(runtime_url: str) -> None:
    """Refuse to go on with a schema older than this code; a newer one is accepted."""
    if missing := await pending(runtime_url):
        raise SchemaIsOld(
            f"the database lacks {', '.join(missing)}: run `threadlog migrate`"
            " with THREADLOG_OWNER_DATABASE_URL"
        )


async def _check_server(connection: Connection) -> None:
    version = int(await connection.fetchval("SHOW server_version_num")) // 10_000
    if version < OLDEST_SERVER:
        raise ServerTooOld(
            f"this is PostgreSQL {version}; Threadlog needs {OLDEST_SERVER} or later"
        )


async def _lock(connection: Connection) -> None:
    """One at a time for each database; the session holds it, so a killed process frees it."""
    await connection.execute(f"SET lock_timeout = '{WAIT_SECONDS}s'")
    try:
        await connection.execute(LOCK)
    except asyncpg.LockNotAvailableError:
        raise MigrationBusy(
            f"another process has been migrating this database for {WAIT_SECONDS} s"
        ) from None


async def _make_roles(connection: Connection) -> None:
    sql = read_sql("roles.sql")
    for attempt in range(10):
        try:
            async with connection.transaction():
                await connection.execute(sql)
        except RACE:
            if attempt == 9:
                raise
            await asyncio.sleep(0.05)
        except asyncpg.InsufficientPrivilegeError as error:
            raise _roles_missing(error) from error
        else:
            return


async def _apply(connection: Connection, files: Sequence[Migration]) -> list[str]:
    missing = _missing(files, await _applied(connection))
    for file in files:
        if file.name in missing:
            async with connection.transaction():
                await connection.execute("SET LOCAL ROLE threadlog_owner")
                await connection.execute(file.sql)
                await connection.execute(
                    "INSERT INTO threadlog.migrations (name, sha256) VALUES ($1, $2)",
                    file.name,
                    file.sha256,
                )
    return missing


async def _applied(connection: Connection) -> dict[str, str]:
    rows = await connection.fetch("SELECT name, sha256 FROM threadlog.migrations")
    return {row["name"]: row["sha256"] for row in rows}


def _missing(files: Sequence[Migration], applied: dict[str, str]) -> list[str]:
    for file in files:
        if applied.get(file.name, file.sha256) != file.sha256:
            raise MigrationChanged(
                f"{file.name} was changed after this database had applied it;"
                " restore the file and put the change into a new one"
            )
    return [file.name for file in files if file.name not in applied]


async def _grant_roles(connection: Connection, runtime_url: str) -> None:
    """Let both logins take the roles that a running Threadlog works as."""
    async with connected(runtime_url) as runtime:
        login, database = await runtime.fetchrow("SELECT session_user, current_database()")
    if database != await connection.fetchval("SELECT current_database()"):
        raise DatabasesDiffer(f"the runtime's URL names the database {database}, the owner's not")
    for role in ("threadlog_runtime", "threadlog_projector"):
        granted = await connection.fetchval("SELECT pg_has_role($1, $2, 'SET')", login, role)
        if not granted:
            await _grant(connection, role, login=login)


async def _grant(connection: Connection, role: str, *, login: str) -> None:
    quoted = await connection.fetchval("SELECT quote_ident($1)", login)
    try:
        await connection.execute(f"GRANT {role} TO {quoted}")
    except asyncpg.InsufficientPrivilegeError as error:
        raise _roles_missing(error) from error


def _roles_missing(error: Exception) -> RolesMissing:
    return RolesMissing(
        f"{error}. Give the owner's login CREATEROLE and CREATE on the database, or let an"
        " administrator run infrastructure/migrations/roles.sql and grant threadlog_owner to the"
        " owner's login, threadlog_runtime and threadlog_projector to both"
    )
