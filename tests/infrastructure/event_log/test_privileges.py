"""Who may do what: every role against every statement. The log is append-only for all of them."""

from uuid import uuid4

import asyncpg
import pytest

from infrastructure.event_log.connection import Connection, connected
from tests.infrastructure.event_log.databases import LogDatabase

OWNER, RUNTIME = "threadlog_owner", "threadlog_runtime"
PROJECTOR, ANALYST = "threadlog_projector", "threadlog_analyst"
ROLES = (OWNER, RUNTIME, PROJECTOR, ANALYST)

APPEND = (
    "SELECT threadlog.chat_events_append(ARRAY[gen_random_uuid()], ARRAY[0]::bigint[],"
    " ARRAY[NULL]::uuid[], ARRAY[NULL]::uuid[], ARRAY[1], ARRAY[1], ARRAY['a@1'],"
    " ARRAY['{}'::bytea])"
)
ADD_EVENT = (
    "INSERT INTO threadlog.chat_events"
    " VALUES (gen_random_uuid(), 1, 'a@1', '', 1, NULL, NULL, now())"
)
NOBODY: tuple[str, ...] = ()
MATRIX: dict[str, tuple[str, ...]] = {
    "SELECT * FROM threadlog.chat_events": (OWNER, RUNTIME, PROJECTOR),
    APPEND: (OWNER, RUNTIME),
    ADD_EVENT: (OWNER,),  # the append function runs as the owner
    "UPDATE threadlog.chat_events SET topic = 'b@1'": NOBODY,
    "UPDATE threadlog.chat_events SET notification_id = 0 WHERE false": NOBODY,
    "DELETE FROM threadlog.chat_events": NOBODY,
    "TRUNCATE threadlog.chat_events": NOBODY,
    "MERGE INTO threadlog.chat_events e USING (VALUES (1)) AS v(n) ON true"
    " WHEN MATCHED THEN DELETE": NOBODY,
    "SELECT * FROM threadlog.chat_events FOR UPDATE": NOBODY,
    "ALTER TABLE threadlog.chat_events ADD COLUMN more text": (OWNER,),
    "DROP TABLE threadlog.chat_events": (OWNER,),
    "CREATE TABLE threadlog.more (n int)": (OWNER,),
    "CREATE OR REPLACE FUNCTION threadlog.refuse_change() RETURNS trigger LANGUAGE plpgsql"
    " AS 'BEGIN RETURN NULL; END'": (OWNER,),
    "LOCK TABLE threadlog.append_turn IN ACCESS SHARE MODE": (OWNER,),
    "SELECT name FROM threadlog.migrations": (OWNER, RUNTIME, PROJECTOR),
    "DELETE FROM threadlog.migrations": (OWNER,),
    "SELECT * FROM threadlog.open_runs": (OWNER, RUNTIME),
    "UPDATE threadlog.open_runs SET worker_id = NULL": (OWNER, RUNTIME),
    "INSERT INTO threadlog.workers VALUES (gen_random_uuid(), 1)": (OWNER, RUNTIME),
    "DELETE FROM threadlog.workers": (OWNER, RUNTIME),
    "SELECT content FROM threadlog.blobs": (OWNER, RUNTIME),
    "INSERT INTO threadlog.blobs VALUES (gen_random_uuid(), 'a', 'text/plain', '')": (
        OWNER,
        RUNTIME,
    ),
    "UPDATE threadlog.blobs SET content = ''": (OWNER,),
    "DELETE FROM threadlog.blobs": (OWNER,),
    "SELECT secret FROM threadlog.secrets": (OWNER, RUNTIME),
    "INSERT INTO threadlog.secrets VALUES ('more', '')": (OWNER,),
    "UPDATE threadlog.secrets SET secret = ''": (OWNER,),
    "DELETE FROM threadlog.secrets": (OWNER,),
    "SELECT * FROM threadlog.webhook_deliveries": (OWNER, RUNTIME),
    "INSERT INTO threadlog.webhook_cursors VALUES (gen_random_uuid(), 1, 1)": (OWNER, RUNTIME),
    "UPDATE threadlog.webhook_cursors SET position = 0": (OWNER, RUNTIME),
    "DELETE FROM threadlog.webhook_deliveries": (OWNER, RUNTIME),
    "CREATE TABLE read.more (n int)": (PROJECTOR,),
    "SELECT * FROM read.example": (RUNTIME, PROJECTOR),
    "DELETE FROM read.example": (PROJECTOR,),
    "CREATE TABLE analytics.more (n int)": (PROJECTOR,),
    "SELECT * FROM analytics.example": (PROJECTOR, ANALYST),
    "DELETE FROM analytics.example": (PROJECTOR,),
    "CREATE TABLE public.more (n int)": NOBODY,
    "CREATE ROLE somebody": NOBODY,
}
EXAMPLES = """
SET ROLE threadlog_projector;
CREATE TABLE IF NOT EXISTS read.example (n int);
CREATE TABLE IF NOT EXISTS analytics.example (n int);
"""
TRAP = """
CREATE SCHEMA IF NOT EXISTS trap;
GRANT USAGE ON SCHEMA trap TO PUBLIC;
CREATE OR REPLACE FUNCTION trap.split_part(text, text, int) RETURNS text LANGUAGE sql
AS $$ SELECT (1 / 0)::text $$;
"""


async def allowed(connection: Connection, statement: str) -> bool:
    """Try it, and leave no trace."""
    await connection.execute("BEGIN")
    try:
        await connection.execute(statement)
    except asyncpg.InsufficientPrivilegeError:
        return False
    finally:
        await connection.execute("ROLLBACK")
    return True


async def test_every_role_may_do_what_the_matrix_says_and_nothing_else(
    database: LogDatabase,
) -> None:
    async with connected(database.owner_url) as superuser:
        await superuser.execute(EXAMPLES)
    found: dict[str, tuple[str, ...]] = dict.fromkeys(MATRIX, NOBODY)
    for role in ROLES:
        async with connected(database.owner_url, role=role) as connection:
            for statement in MATRIX:
                if await allowed(connection, statement):
                    found[statement] += (role,)
    assert found == MATRIX


@pytest.mark.parametrize("change", ["UPDATE {} SET topic = 'b@1'", "DELETE FROM {}", "TRUNCATE {}"])
async def test_not_even_an_owner_who_grants_it_to_himself_can_change_events(
    database: LogDatabase, change: str
) -> None:
    async with connected(database.owner_url, role=OWNER) as owner:
        await owner.execute("GRANT ALL ON threadlog.chat_events TO threadlog_owner")
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="never changed or removed"):
            await owner.execute(change.format("threadlog.chat_events"))
        await owner.execute(
            "REVOKE UPDATE, DELETE, TRUNCATE ON threadlog.chat_events FROM threadlog_owner"
        )
    async with connected(database.owner_url) as superuser:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="never changed or removed"):
            await superuser.execute(change.format("threadlog.chat_events"))


async def test_the_runtime_login_works_as_runtime_and_as_projector_and_nothing_else(
    database: LogDatabase,
) -> None:
    for role in (RUNTIME, PROJECTOR):
        async with connected(database.url, role=role) as connection:
            assert await connection.fetchval("SELECT current_user") == role
    for role in (OWNER, ANALYST):
        with pytest.raises(asyncpg.PostgresError, match="role"):
            async with connected(database.url, role=role):
                pass


async def test_a_role_stays_taken_through_reset_all(database: LogDatabase) -> None:
    async with connected(database.owner_url, role=RUNTIME) as connection:
        await connection.execute("RESET ALL")
        assert await connection.fetchval("SELECT current_user") == RUNTIME


async def test_the_append_function_cannot_be_led_astray_by_objects_of_the_caller(
    database: LogDatabase,
) -> None:
    async with connected(database.owner_url) as superuser:
        await superuser.execute(TRAP)
    async with connected(database.url, role=RUNTIME) as connection:
        await connection.execute("SET search_path = trap, pg_catalog")
        with pytest.raises(asyncpg.DivisionByZeroError):
            await connection.execute("SELECT split_part('a', 'b', 1)")
        await connection.execute(APPEND)
        assert await connection.fetchval("SELECT count(*) FROM threadlog.chat_events") == 1


async def test_a_worker_row_is_written_as_runtime(database: LogDatabase) -> None:
    async with connected(database.url, role=RUNTIME) as connection:
        worker = uuid4()
        await connection.execute("INSERT INTO threadlog.workers VALUES ($1)", worker)
        await connection.execute("UPDATE threadlog.workers SET beat = beat + 1")
        assert await connection.fetchval("SELECT beat FROM threadlog.workers") == 1
