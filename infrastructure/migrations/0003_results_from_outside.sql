-- Results from outside: the secret behind their tokens, and runs that wait for one.

-- One random secret for each installation; it never changes and never leaves its processes.
CREATE TABLE threadlog.secrets (
    name   text  PRIMARY KEY,
    secret bytea NOT NULL
);
INSERT INTO threadlog.secrets (name, secret)
VALUES ('tool results', uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
GRANT SELECT ON threadlog.secrets TO threadlog_runtime;

-- As in 0002_append.sql, which says what it promises; new: tool.awaited, which no worker shall run.
CREATE OR REPLACE FUNCTION threadlog.chat_events_append(
    stream_ids     uuid[],
    expected       bigint[],
    thread_ids     uuid[],
    owner_ids      uuid[],
    event_streams  int[],
    event_offsets  int[],
    topics         text[],
    states         bytea[],
    OUT conflicts      int[],
    OUT versions       bigint[],
    OUT prev_positions bigint[],
    OUT first_position bigint,
    OUT recorded_at    timestamptz
) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
-- Plans are made when the table is small and kept while it grows: only index scans may be chosen.
SET enable_seqscan = off
SET enable_bitmapscan = off
AS $$
DECLARE
    terminal CONSTANT text[] := ARRAY[
        'completion.finished', 'completion.failed', 'completion.cancelled',
        'tool.finished', 'tool.failed', 'tool.cancelled', 'tool.timed_out'];
    kept CONSTANT text[] := terminal || ARRAY[
        'completion.requested', 'completion.started', 'completion.waiting',
        'completion.approval_answered', 'completion.cancel_requested',
        'tool.dispatched', 'tool.awaited', 'tool.started', 'tool.cancel_requested'];
    n_events int := cardinality(states);
    last     bigint;
    foreign_stream uuid;
    event    record;
BEGIN
    -- Each statement below must see what was committed before the lock was granted.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'append needs READ COMMITTED' USING ERRCODE = 'invalid_transaction_state';
    END IF;
    IF cardinality(expected) <> cardinality(stream_ids)
        OR cardinality(thread_ids) <> cardinality(stream_ids)
        OR cardinality(owner_ids) <> cardinality(stream_ids)
        OR cardinality(event_streams) <> n_events
        OR cardinality(event_offsets) <> n_events
        OR cardinality(topics) <> n_events
    THEN
        RAISE EXCEPTION 'append: arrays of unequal length'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('threadlog.chat_events_append', 0));

    -- One index probe for each stream's last event and one for each thread's. The row comparison on
    -- (thread_id, notification_id) leaves the planner no index but the right one; a plain max() for
    -- a thread may walk the whole table. OFFSET 0: evaluated once, not once per mention.
    SELECT array_agg(k.version ORDER BY k.n),
           array_agg(k.prev ORDER BY k.n),
           array_agg(k.n ORDER BY k.n) FILTER (WHERE k.refused),
           (array_agg(k.id) FILTER (WHERE k.is_foreign AND NOT k.refused))[1]
      INTO versions, prev_positions, conflicts, foreign_stream
      FROM (
        SELECT s.n::int AS n, s.id,
               coalesce(tail.version, 0) AS version,
               coalesce(tail.version, 0) IS DISTINCT FROM coalesce(s.want, tail.version)
                   OR coalesce(split_part(tail.topic, '@', 1) = ANY (terminal), false) AS refused,
               tail.version IS NOT NULL AND (tail.thread_id IS DISTINCT FROM s.thread
                   OR tail.owner_id IS DISTINCT FROM s.owner) AS is_foreign,
               CASE WHEN s.thread IS NOT NULL THEN coalesce(
                   (SELECT e.notification_id FROM threadlog.chat_events e
                     WHERE (e.thread_id, e.notification_id) >= (s.thread, 0)
                       AND (e.thread_id, e.notification_id) <= (s.thread, 9223372036854775807)
                     ORDER BY e.thread_id DESC, e.notification_id DESC LIMIT 1), 0)
               END AS prev
          FROM unnest(stream_ids, expected, thread_ids, owner_ids)
               WITH ORDINALITY AS s(id, want, thread, owner, n)
          LEFT JOIN LATERAL (
               SELECT e.originator_version AS version, e.topic, e.thread_id, e.owner_id
                 FROM threadlog.chat_events e
                WHERE e.originator_id = s.id
                ORDER BY e.originator_version DESC LIMIT 1) tail ON true
        OFFSET 0
      ) k;
    IF conflicts IS NOT NULL OR n_events = 0 THEN
        RETURN;
    END IF;
    IF foreign_stream IS NOT NULL THEN
        RAISE EXCEPTION 'stream % belongs to another thread or owner', foreign_stream
            USING ERRCODE = 'check_violation';
    END IF;

    SELECT e.notification_id, greatest(clock_timestamp(), e.recorded_at) INTO last, recorded_at
      FROM threadlog.chat_events e ORDER BY e.notification_id DESC LIMIT 1;
    last := coalesce(last, 0);
    recorded_at := coalesce(recorded_at, clock_timestamp());
    INSERT INTO threadlog.chat_events
           (originator_id, originator_version, topic, state, notification_id,
            thread_id, owner_id, recorded_at)
    SELECT stream_ids[x.s], versions[x.s] + x.o, x.topic, x.state, last + x.n,
           thread_ids[x.s], owner_ids[x.s], chat_events_append.recorded_at
      FROM unnest(event_streams, event_offsets, topics, states)
           WITH ORDINALITY AS x(s, o, topic, state, n);
    first_position := last + 1;

    -- The rare events that begin, claim, cancel or end a run.
    FOR event IN
        SELECT x.n, split_part(x.topic, '@', 1) AS name, stream_ids[x.s] AS stream_id,
               thread_ids[x.s] AS thread_id, versions[x.s] + x.o AS version, states[x.n] AS state
          FROM unnest(event_streams, event_offsets, topics) WITH ORDINALITY AS x(s, o, topic, n)
         WHERE split_part(x.topic, '@', 1) = ANY (kept)
         ORDER BY x.n
    LOOP
        IF event.name = ANY (terminal) THEN
            IF EXISTS (SELECT FROM threadlog.chat_events e
                        WHERE e.originator_id = event.stream_id
                          AND e.originator_version > event.version)
            THEN
                RAISE EXCEPTION 'stream % has events after its end', event.stream_id
                    USING ERRCODE = 'check_violation';
            END IF;
            DELETE FROM threadlog.open_runs r WHERE r.stream_id = event.stream_id;
        ELSIF event.name IN ('completion.requested', 'tool.dispatched') THEN
            INSERT INTO threadlog.open_runs (stream_id, kind, thread_id, position)
            VALUES (event.stream_id, split_part(event.name, '.', 1), event.thread_id,
                    last + event.n);
        ELSIF event.name IN ('completion.started', 'tool.started') THEN
            -- The envelope begins {"at":…,"actor":"worker:<uuid>": looked at as plain characters,
            -- because nothing here may depend on the state being valid JSON.
            UPDATE threadlog.open_runs r
               SET waiting = false,
                   worker_id = substring(encode(substring(event.state FOR 100), 'escape')
                       FROM '^\{"at":[0-9]+,"actor":"worker:([0-9a-f-]{36})"')::uuid
             WHERE r.stream_id = event.stream_id;
        ELSIF event.name IN ('completion.waiting', 'completion.approval_answered') THEN
            UPDATE threadlog.open_runs r
               SET waiting = event.name = 'completion.waiting', worker_id = NULL
             WHERE r.stream_id = event.stream_id;
        ELSIF event.name = 'tool.awaited' THEN
            UPDATE threadlog.open_runs r SET waiting = true WHERE r.stream_id = event.stream_id;
        ELSE
            UPDATE threadlog.open_runs r SET cancel_requested = true
             WHERE r.stream_id = event.stream_id;
        END IF;
    END LOOP;

    NOTIFY chat_events;  -- wakes the library's subscriptions; once per batch
END $$;
