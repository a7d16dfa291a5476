"""A log of any size, made by PostgreSQL itself in seconds, with the read tables that it would have.

Rows have the shape of real ones: ids that rise with time as UUIDv7 do, 25 threads at a time whose
events stand mixed and who are one owner's, five answers in each, 80 events an answer of which 72
are chunks. What they say is padding of the usual length.
"""

from dataclasses import dataclass
from uuid import UUID

from infrastructure.read_database import projector_engine
from projections import slots
from projections.registry import BUILT_IN
from tests.servers import Connection, connected

TURNS = 5
EVENTS_OF_TURN = 80
AT_ONCE = 25  # threads whose events stand mixed, and who are one owner's
EVENTS_OF_THREAD = TURNS * EVENTS_OF_TURN

# A UUIDv7 of a time in milliseconds and a seed: the same arguments give the same one.
FUNCTIONS = """
CREATE SCHEMA filling;
CREATE FUNCTION filling.uuid7(ms bigint, seed text) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex(1795348800000 + ms), 12, '0') || '7' || substr(md5(seed), 1, 3)
            || '8' || substr(md5(seed), 4, 15))::uuid
$$;
-- Thread t and its completion u are made when the group of its time gets to them.
CREATE FUNCTION filling.thread(t bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT filling.uuid7(t / 25 * 50000 + t % 25 * 10, 'thread ' || t)
$$;
CREATE FUNCTION filling.completion(t bigint, u bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT filling.uuid7(t / 25 * 50000 + u * 10000 + t % 25 * 10, 'completion ' || t || ' ' || u)
$$;
CREATE FUNCTION filling.message(t bigint, u bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT filling.uuid7(t / 25 * 50000 + u * 10000 + t % 25 * 10, 'message ' || t || ' ' || u)
$$;
CREATE FUNCTION filling.owner(t bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT filling.uuid7(t / 25, 'owner ' || t / 25)
$$;
"""

# Threads $1 and up to $2, which is not included; both are multiples of 25.
# An answer: two events of the thread, four before the first chunk, two after the last, one more of
# the thread. The thread's own versions are three for each answer.
LOG = """
INSERT INTO threadlog.chat_events
SELECT CASE WHEN of_thread THEN thread ELSE filling.completion(t, u) END,
       CASE WHEN k < 2 THEN u * 3 + k + 1 WHEN k = 79 THEN u * 3 + 3 ELSE k - 1 END,
       CASE k WHEN 0 THEN 'thread.message_added@1' WHEN 1 THEN 'thread.completion_requested@1'
              WHEN 2 THEN 'completion.requested@1' WHEN 3 THEN 'completion.started@1'
              WHEN 4 THEN 'completion.model_requested@1'
              WHEN 77 THEN 'completion.message_recorded@1' WHEN 78 THEN 'completion.finished@1'
              WHEN 79 THEN 'thread.turn_ended@1' ELSE 'completion.chunk@1' END,
       CASE WHEN k IN (4, 77, 78) THEN long ELSE short END,
       position, thread, filling.owner(t), now()
  FROM (SELECT t, u, k, k < 2 OR k = 79 AS of_thread, filling.thread(t) AS thread,
               convert_to(repeat('long ', 150), 'utf8') AS long,
               convert_to(repeat('chunk ', 45), 'utf8') AS short,
               (SELECT coalesce(max(notification_id), 0) FROM threadlog.chat_events)
               + row_number() OVER (ORDER BY t / 25, u, k, t) AS position
          FROM generate_series($1::bigint, $2::bigint - 1) t, generate_series(0, 4) u,
               generate_series(0, 79) k) event
 ORDER BY position
"""

THREADS = """
INSERT INTO read_blue.threads (id, user_id, position, agent, title, metadata, head, archived,
                          message_count, user_message_count, assistant_message_count,
                          queued_message_count, last_message_preview, last_message_role,
                          last_message_at, last_message_position, active_position, created_at,
                          updated_at)
SELECT filling.thread(t), filling.owner(t), t * 400 + 1, 'assistant', 'About the world', '{}',
       filling.completion(t, 4), false, 10, 5, 5, 0, repeat('Hello world ', 15), 'assistant',
       now(), t * 400 + 400, t * 400 + 400, now(), now()
  FROM generate_series($1::bigint, $2::bigint - 1) t ORDER BY t
"""
MESSAGES = """
INSERT INTO read_blue.messages (id, thread_id, user_id, position, parent_id, completion_id, role,
                           status, parts, created_at)
SELECT CASE WHEN answer THEN filling.completion(t, u) ELSE filling.message(t, u) END,
       filling.thread(t), filling.owner(t), t * 400 + u * 80 + answer::int,
       CASE WHEN answer THEN filling.message(t, u)
            WHEN u > 0 THEN filling.completion(t, u - 1) END,
       filling.completion(t, u), CASE WHEN answer THEN 'assistant' ELSE 'user' END, 'delivered',
       jsonb_build_array(jsonb_build_object('kind', 'text', 'content', repeat('Hello world ', 60))),
       now()
  FROM generate_series($1::bigint, $2::bigint - 1) t, generate_series(0, 4) u,
       (VALUES (false), (true)) v(answer)
 ORDER BY t / 25, u, t, answer
"""
COMPLETIONS = """
INSERT INTO read_blue.completions (id, thread_id, user_id, position, message_id, parent_id, agent,
                                   model, status, response, characters, model_ms, attempts,
                                   lost_workers, model_retries, handovers, created_at, steps)
SELECT filling.completion(t, u), filling.thread(t), filling.owner(t), t * 400 + u * 80,
       filling.message(t, u), filling.message(t, u), 'assistant', 'gpt-5', 'completed',
       repeat('Hello world ', 60), 720, 1000, 1, 0, 0, 0, now(),
       '[{"parts": 1, "position": 1, "characters": 720}]'
  FROM generate_series($1::bigint, $2::bigint - 1) t, generate_series(0, 4) u
 ORDER BY t / 25, u, t
"""
OPEN_RUNS = """
INSERT INTO threadlog.open_runs (stream_id, kind, thread_id, worker_id, position)
SELECT gen_random_uuid(), 'completion', gen_random_uuid(),
       CASE WHEN n > 10 THEN '01a203bb-2880-7822-a2c6-83f8f899ff86'::uuid END, n
  FROM generate_series(1, 100) n
"""


@dataclass(frozen=True)
class Place:
    """One thread of the log, with what a reader or writer names."""

    thread_id: UUID
    owner_id: UUID
    completion_ids: list[UUID]  # the last one is the head
    last_position: int


async def prepare(url: str, owner_url: str) -> None:
    """Make the read tables and a hundred open runs, of which ten wait for a worker."""
    engine = projector_engine(url)
    async with engine.begin() as connection:
        for projection in BUILT_IN:
            await slots.shown_copy(connection, projection)
    await engine.dispose()
    async with connected(owner_url) as connection:
        await connection.execute(FUNCTIONS)
        await connection.execute(OPEN_RUNS)


async def grow(connection: Connection, *, threads: int, to: int) -> None:
    """From so many threads to so many, multiples of 25; then as after a visit of autovacuum."""
    for statement in (LOG, THREADS, MESSAGES, COMPLETIONS):
        await connection.execute(statement, threads, to)
    await connection.execute("VACUUM (ANALYZE)")


async def places(connection: Connection, numbers: range) -> list[Place]:
    """The threads with these numbers."""
    rows = await connection.fetch(
        "SELECT filling.thread(t), filling.owner(t),"
        " ARRAY(SELECT filling.completion(t, u) FROM generate_series(0, 4) u),"
        " (SELECT max(notification_id) FROM threadlog.chat_events WHERE thread_id ="
        " filling.thread(t)) FROM unnest($1::bigint[]) WITH ORDINALITY AS x(t, n) ORDER BY n",
        list(numbers),
    )
    return [Place(*row.values()) for row in rows]
