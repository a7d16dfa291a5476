-- Stored events without positions, such as snapshots; safe to repeat, also by several at once.
SELECT pg_advisory_xact_lock(hashtextextended('eventsourcing', 0));
CREATE TABLE IF NOT EXISTS eventsourcing.stored_events (
    purpose            text   NOT NULL,  -- whose and what for: application_snapshots
    originator_id      uuid   NOT NULL,
    originator_version bigint NOT NULL,
    topic              text   NOT NULL,
    state              bytea  NOT NULL,
    PRIMARY KEY (purpose, originator_id, originator_version)
);
