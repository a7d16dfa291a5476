-- Events of stream $1 with a version after $2 and not after $3, at most $5; the newest first if $4.
(SELECT originator_id, originator_version, topic, state, notification_id,
        thread_id, owner_id, recorded_at
   FROM threadlog.chat_events
  WHERE NOT $4 AND originator_id = $1 AND originator_version > $2 AND originator_version <= $3
  ORDER BY originator_version
  LIMIT $5)
UNION ALL
(SELECT originator_id, originator_version, topic, state, notification_id,
        thread_id, owner_id, recorded_at
   FROM threadlog.chat_events
  WHERE $4 AND originator_id = $1 AND originator_version > $2 AND originator_version <= $3
  ORDER BY originator_version DESC
  LIMIT $5)
