-- How far each read model has followed the log, and which of its two copies readers see.

CREATE TABLE threadlog.projections (
    name       text    NOT NULL,
    slot       text    NOT NULL CHECK (slot IN ('blue', 'green')),  -- the schema read_blue, read_green
    version    int     NOT NULL,                 -- of the code that fills the tables
    position   bigint  NOT NULL,                 -- everything up to it is in the tables
    active     boolean NOT NULL DEFAULT false,   -- readers see this copy
    complete   boolean NOT NULL DEFAULT false,   -- readers have seen this copy: it is not being made
    paused     boolean NOT NULL DEFAULT false,
    stopped_at bigint,                           -- the event that cannot be applied
    error      text,
    PRIMARY KEY (name, slot)
);
CREATE UNIQUE INDEX projections_active_idx ON threadlog.projections (name) WHERE active;

GRANT SELECT ON threadlog.projections TO threadlog_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON threadlog.projections TO threadlog_projector;
