"""What an analyst's login may do and what not: each a statement that a test tries."""

from dataclasses import dataclass

from projections.analytics import VIEWS

APPEND = (
    "SELECT threadlog.chat_events_append(ARRAY[gen_random_uuid()], ARRAY[0]::bigint[],"
    " ARRAY[NULL]::uuid[], ARRAY[NULL]::uuid[], ARRAY[1], ARRAY[1], ARRAY['a@1'],"
    " ARRAY['{}'::bytea])"
)
OTHERS_QUERIES = (
    "SELECT 1 / count(*) FROM pg_stat_activity"
    " WHERE usename <> current_user AND query <> '<insufficient privilege>'"
)
END_OTHERS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename <> current_user"


@dataclass(frozen=True)
class Line:
    """One line of the table in docs/analytics.md."""

    what: str
    statements: tuple[str, ...]
    may: bool


def _may(what: str, *statements: str) -> Line:
    return Line(what, statements, may=True)


def _may_not(what: str, *statements: str) -> Line:
    return Line(what, statements, may=False)


MATRIX = (
    _may(
        "read the views",
        *(f"SELECT * FROM analytics.{view}" for view in VIEWS if view != "message_texts"),
    ),
    _may("ask for plans", "EXPLAIN ANALYZE SELECT count(*) FROM completions"),
    _may("lock a view against its replacement", "LOCK TABLE threads IN ACCESS SHARE MODE"),
    _may("lift the limits of its session (the watch stays)", "SET statement_timeout = 0"),
    _may("see names, such as of tables, in the catalogue", "SELECT prosrc FROM pg_proc"),
    _may("listen and notify", "LISTEN chat_events", "NOTIFY chat_events"),
    _may_not("read what people wrote (with `--texts` it may)", "SELECT * FROM message_texts"),
    _may_not(
        "read the read tables",
        "SELECT * FROM read.threads",
        "SELECT * FROM read_blue.threads",
        "SELECT * FROM read_green.threads",
        "SELECT * FROM read_aside.threads",
    ),
    _may_not(
        "read the log, its blobs, secrets and bookkeeping",
        "SELECT * FROM threadlog.chat_events",
        "SELECT * FROM threadlog.blobs",
        "SELECT * FROM threadlog.secrets",
        "SELECT * FROM threadlog.open_runs",
        "SELECT * FROM threadlog.projections",
    ),
    _may_not("append to the log", APPEND, "INSERT INTO threadlog.chat_events DEFAULT VALUES"),
    _may_not(
        "write through a view",
        "INSERT INTO threads DEFAULT VALUES",
        "UPDATE threads SET agent = 'mine'",
        "DELETE FROM threads",
        "SELECT * FROM threads FOR UPDATE",
    ),
    _may_not(
        "make anything",
        "CREATE TABLE analytics.mine (n int)",
        "CREATE TABLE public.mine (n int)",
        "CREATE TEMPORARY TABLE mine (n int)",
        "CREATE VIEW analytics.mine AS SELECT 1",
        "CREATE FUNCTION analytics.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE SCHEMA mine",
        "CREATE DATABASE mine",
        "CREATE ROLE mine",
        "CREATE PUBLICATION mine FOR ALL TABLES",
    ),
    _may_not(
        "take a lock that stops somebody",
        "LOCK TABLE threads IN ROW EXCLUSIVE MODE",
        "LOCK TABLE threads",
        "LOCK TABLE read.threads IN ACCESS SHARE MODE",
        "LOCK TABLE threadlog.chat_events IN ACCESS SHARE MODE",
        "LOCK TABLE threadlog.append_turn IN ACCESS SHARE MODE",
        "LOCK TABLE threadlog.append_turn IN SHARE UPDATE EXCLUSIVE MODE",
    ),
    _may_not(
        "hold advisory locks",
        "SELECT pg_advisory_lock(1)",
        "SELECT pg_advisory_lock_shared(1, 1)",
        "SELECT pg_advisory_xact_lock(1)",
        "SELECT pg_try_advisory_lock(1)",
    ),
    _may_not(
        "become somebody else",
        "SET ROLE threadlog_analyst",
        "SET ROLE threadlog_projector",
        "SET ROLE threadlog_runtime",
        "SET ROLE threadlog_owner",
        "SET SESSION AUTHORIZATION postgres",
        "GRANT threadlog_runtime TO CURRENT_USER",
    ),
    _may_not(
        "change or remove a view",
        "ALTER VIEW threads OWNER TO CURRENT_USER",
        "DROP VIEW threads",
        "COMMENT ON VIEW threads IS 'mine'",
    ),
    _may_not(
        "read keys and passwords",
        "SELECT rolpassword FROM pg_authid",
        "SELECT * FROM pg_shadow",
        "SELECT * FROM pg_hba_file_rules",
    ),
    _may_not("see or end what others do", OTHERS_QUERIES, END_OTHERS),
    _may_not(
        "reach files and programs",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "COPY (SELECT 1) TO '/tmp/mine'",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT pg_ls_dir('/')",
        "LOAD 'mine'",
    ),
    _may_not(
        "keep large objects",
        "SELECT lo_create(0)",
        "SELECT lo_from_bytea(0, 'x')",
        "SELECT lo_import('/etc/passwd')",
        "SELECT lo_export(1, '/tmp/mine')",
    ),
    _may_not(
        "reach other servers",
        "SELECT * FROM dblink('', 'SELECT 1') AS t(n int)",
        "SELECT pg_create_logical_replication_slot('mine', 'pgoutput')",
    ),
    _may_not(
        "write to the journal or flood listeners by a function",
        "SELECT pg_logical_emit_message(false, 'mine', 'x')",
        "SELECT pg_notify('chat_events', 'x')",
    ),
    _may_not(
        "change the server or its own bounds",
        "ALTER SYSTEM SET fsync = off",
        "SET temp_file_limit = -1",
        "ALTER ROLE CURRENT_USER CONNECTION LIMIT 100",
        "ALTER ROLE CURRENT_USER SUPERUSER",
        "CHECKPOINT",
    ),
)
