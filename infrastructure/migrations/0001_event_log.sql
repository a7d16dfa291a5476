-- The event log: its table and indexes, the operational tables beside it, and who may do what.

-- The table of the library `eventsourcing` (same names, types and key) and three columns of ours.
CREATE TABLE threadlog.chat_events (
    originator_id      uuid        NOT NULL,  -- the stream
    originator_version bigint      NOT NULL,  -- 1, 2, 3 … within the stream
    topic              text        NOT NULL,  -- name@revision
    state              bytea       NOT NULL,  -- JSON as UTF-8
    notification_id    bigint      NOT NULL,  -- the position: 1, 2, 3 … in commit order
    thread_id          uuid,                  -- the same in all events of a stream
    owner_id           uuid,                  -- the same in all events of a stream
    recorded_at        timestamptz NOT NULL,  -- never falls along the log
    PRIMARY KEY (originator_id, originator_version)
);
CREATE UNIQUE INDEX chat_events_position_idx ON threadlog.chat_events (notification_id);
CREATE INDEX chat_events_thread_idx ON threadlog.chat_events (thread_id, notification_id);

-- Nearly all events are chunks of text, and most readers pass them over.
CREATE INDEX chat_events_cold_position_idx ON threadlog.chat_events (notification_id)
    WHERE split_part(topic, '@', 1) <> 'completion.chunk';
CREATE INDEX chat_events_cold_thread_idx ON threadlog.chat_events (thread_id, notification_id)
    WHERE split_part(topic, '@', 1) <> 'completion.chunk';
CREATE INDEX chat_events_cold_owner_idx ON threadlog.chat_events (owner_id, notification_id)
    WHERE split_part(topic, '@', 1) <> 'completion.chunk';

-- One end for each stream, whatever the code above believes.
CREATE UNIQUE INDEX chat_events_terminal_idx ON threadlog.chat_events (originator_id)
    WHERE split_part(topic, '@', 1) IN (
        'completion.finished', 'completion.failed', 'completion.cancelled',
        'tool.finished', 'tool.failed', 'tool.cancelled', 'tool.timed_out');

-- Completions and tools without a terminal event: the queue of record. Kept by the append function;
-- not part of the truth, it can be made again from the log.
CREATE TABLE threadlog.open_runs (
    stream_id        uuid    PRIMARY KEY,
    kind             text    NOT NULL CHECK (kind IN ('completion', 'tool')),
    thread_id        uuid,
    queue            text    NOT NULL DEFAULT 'default',
    worker_id        uuid,                              -- who claimed it last; NULL: nobody yet
    position         bigint  NOT NULL,                  -- of the event that asked for it
    waiting          boolean NOT NULL DEFAULT false,    -- for a person: no worker is wanted
    cancel_requested boolean NOT NULL DEFAULT false
);
CREATE INDEX open_runs_position_idx ON threadlog.open_runs (position);

-- One row per worker process; `beat` rises by 1 each second while it lives.
CREATE TABLE threadlog.workers (
    worker_id uuid   PRIMARY KEY,
    beat      bigint NOT NULL DEFAULT 0
);

-- Content-addressed bytes that events name by their sha256.
CREATE TABLE threadlog.blobs (
    owner_id   uuid  NOT NULL,
    sha256     text  NOT NULL,
    media_type text  NOT NULL,
    content    bytea NOT NULL,
    PRIMARY KEY (owner_id, sha256)
);

GRANT SELECT ON threadlog.chat_events TO threadlog_runtime, threadlog_projector;
GRANT SELECT, INSERT, UPDATE, DELETE ON threadlog.open_runs, threadlog.workers TO threadlog_runtime;
GRANT SELECT, INSERT ON threadlog.blobs TO threadlog_runtime;

-- Append-only, for the owner too: the append function runs as the owner and needs INSERT alone.
-- The trigger also stops a superuser's slip. What remains is who may take the owner's role and
-- changes the table itself; nothing inside a database can stop that.
REVOKE UPDATE, DELETE, TRUNCATE ON threadlog.chat_events FROM threadlog_owner;

CREATE FUNCTION threadlog.refuse_change() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'events are never changed or removed'
        USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON threadlog.chat_events
    FOR EACH STATEMENT EXECUTE FUNCTION threadlog.refuse_change();
ALTER TABLE threadlog.chat_events ENABLE ALWAYS TRIGGER append_only;
