-- Events of purpose $1 of aggregate $2 with a version after $3 and not after $4, at most $6;
-- the newest first if $5.
SELECT originator_id, originator_version, topic, state
  FROM eventsourcing.stored_events
 WHERE purpose = $1 AND originator_id = $2
   AND originator_version > $3 AND originator_version <= $4
 ORDER BY CASE WHEN $5 THEN -originator_version ELSE originator_version END
 LIMIT $6
