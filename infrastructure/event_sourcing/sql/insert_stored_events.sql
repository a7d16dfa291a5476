-- All of these events of purpose $1, or none.
INSERT INTO eventsourcing.stored_events (purpose, originator_id, originator_version, topic, state)
SELECT $1, e.* FROM unnest($2::uuid[], $3::bigint[], $4::text[], $5::bytea[]) AS e
