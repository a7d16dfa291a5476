-- How far each follower of an application has come; safe to repeat, also by several at once.
SELECT pg_advisory_xact_lock(hashtextextended('eventsourcing', 0));
CREATE TABLE IF NOT EXISTS eventsourcing.tracking (
    follower         text   NOT NULL,  -- the projection or process
    application_name text   NOT NULL,  -- what it follows
    notification_id  bigint NOT NULL,  -- the last position that it has dealt with
    PRIMARY KEY (follower, application_name)
);
