"""What answers take on the disk: bytes of all tables and indexes per 1,000 pieces of a provider.

Measures, with `threadlog up` on a durable PostgreSQL and answers at 50 pieces (words) a second,
several at once: how much every table and index of ours has grown from after a first such round
until the answers have ended and are shown, each time after VACUUM, and the bytes of write-ahead
log from after the first VACUUM until the last answer has ended (pages that PostgreSQL writes whole
after a checkpoint included). All of it counts: questions, recorded messages, endings, read tables.
Checks that every answer is complete. Leaves out: PostgreSQL's own tables, its log of transactions,
backups.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from benchmarks.rig.bounded import measured, options
from benchmarks.rig.figures import Report
from benchmarks.rig.system import System, running
from tests.model_server import ModelServer, ask
from tests.servers import Connection, connected
from tests.system.client import Client, sha256, valid_text
from tests.system.stack import eventually

GAP_SECONDS = 0.02  # 50 pieces a second
WARM_UP_WORDS = 50
GOAL = 100  # kB of tables and indexes per 1,000 pieces

SIZES = """
SELECT n.nspname || '.' || coalesce(t.relname, c.relname) AS table,
       CASE WHEN t.relname IS NULL THEN 'table' ELSE c.relname END AS part,
       pg_relation_size(c.oid) + CASE WHEN c.reltoastrelid <> 0
           THEN pg_total_relation_size(c.reltoastrelid) ELSE 0 END
       + coalesce(pg_relation_size(c.oid, 'fsm') + pg_relation_size(c.oid, 'vm'), 0) AS bytes
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_index i ON i.indexrelid = c.oid
  LEFT JOIN pg_class t ON t.oid = i.indrelid
 WHERE n.nspname IN ('threadlog', 'read', 'analytics') AND c.relkind IN ('r', 'i', 'S')
"""
LAST = "SELECT max(notification_id) FROM threadlog.chat_events"
WAL = "SELECT pg_current_wal_insert_lsn()::text"
WRITTEN = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), $1::text::pg_lsn)::bigint"
CHUNK = """
SELECT count(*), round(avg(pg_column_size(e.*))), round(avg(octet_length(state)))
  FROM threadlog.chat_events e WHERE split_part(topic, '@', 1) = 'completion.chunk'
"""
BEHIND = """
SELECT (SELECT max(notification_id) FROM threadlog.chat_events)
     - (SELECT min(position) FROM threadlog.projections WHERE active)
"""

Sizes = dict[str, dict[str, int]]  # bytes by table and part of it


async def answer(client: Client, number: int, *, words: int) -> None:
    """One answer, followed to its end, in a thread of its own."""
    started = await client.start(ask(f"Question {number}", words=words, gap_seconds=GAP_SECONDS))
    seen = await client.until_end(started["completion_id"], started["thread_id"])
    text = "".join(f"w{number} " for number in range(words))
    assert seen[-1].name == "completion.finished", seen[-1]
    assert valid_text(seen, started["completion_id"]) == text
    assert seen[-1].data["answer"]["sha256"] == sha256(text)


@asynccontextmanager
async def database(system: System) -> AsyncGenerator[Connection]:
    """As superuser, once everything is shown and the tables are vacuumed."""
    async with connected(system.postgres.owner_url) as connection:

        async def is_shown() -> bool:
            return await connection.fetchval(BEHIND) <= 0

        await eventually(is_shown, seconds=60)
        await connection.execute("VACUUM (ANALYZE)")
        yield connection


async def sizes(connection: Connection) -> Sizes:
    """Of everything that is ours."""
    found: Sizes = {}
    for row in await connection.fetch(SIZES):
        found.setdefault(row["table"], {})[row["part"]] = row["bytes"]
    return found


def grown(before: Sizes, after: Sizes, *, thousands: float) -> dict[str, dict[str, float]]:
    """kB per 1,000 pieces, of what has grown, the largest first."""
    by_table = dict[str, dict[str, float]]()
    for table, parts in after.items():
        more = {part: size - before.get(table, {}).get(part, 0) for part, size in parts.items()}
        shown = {part: round(size / 1000 / thousands, 1) for part, size in more.items() if size}
        if shown:
            largest_first = sorted(shown.items(), key=lambda one: -one[1])
            by_table[table] = {"all": round(sum(shown.values()), 1), **dict(largest_first)}
    return dict(sorted(by_table.items(), key=lambda one: -one[1]["all"]))


def total(sizes: Sizes) -> int:
    """Bytes."""
    return sum(sum(parts.values()) for parts in sizes.values())


async def measure(report: Report, *, answers: int, words: int) -> None:
    """A short round, to fill the first pages; then the measured one."""
    with ModelServer(keep=False) as server:
        async with running(server.environment) as system:
            warm_up = (answer(system.client, n, words=WARM_UP_WORDS) for n in range(answers))
            await asyncio.gather(*warm_up)
            async with database(system) as connection:
                before = await sizes(connection)
                events: int = await connection.fetchval(LAST)
                wal: str = await connection.fetchval(WAL)
            await asyncio.gather(*(answer(system.client, n, words=words) for n in range(answers)))
            async with connected(system.postgres.owner_url) as connection:
                written: int = await connection.fetchval(WRITTEN, wal)
                events = await connection.fetchval(LAST) - events
            async with database(system) as connection:
                after = await sizes(connection)
                chunk = await connection.fetchrow(CHUNK)
    thousands = answers * words / 1000
    kilobytes = (total(after) - total(before)) / 1000 / thousands
    report.fact("answers, pieces of each", [answers, words])
    report.fact("events per 1,000 pieces", round(events / thousands, 1))
    assert chunk is not None
    report.fact("chunks, bytes of a row, of which state", list(map(int, chunk.values())))
    for table, parts in grown(before, after, thousands=thousands).items():
        report.fact(f"kB per 1,000 pieces: {table}", parts)
    report.fact("kB of write-ahead log per 1,000 pieces", round(written / 1000 / thousands, 1))
    report.goal("kB of tables and indexes per 1,000 pieces", kilobytes, most=GOAL)


def main(arguments: Sequence[str]) -> int:
    """Print a table, and the same as JSON; the exit code."""
    parser = options("size", __doc__)
    parser.add_argument("--answers", type=int, default=24, help="at once")
    parser.add_argument("--words", type=int, default=1000, help="of each answer")
    given = parser.parse_args(arguments)

    return measured(partial(measure, answers=given.answers, words=given.words), given)
