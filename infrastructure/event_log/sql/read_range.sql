-- Events after position $1 and not after $2, at most $4, in order; only those with one of the
-- topics $3 (NULL: all).
SELECT originator_id, originator_version, topic, state, notification_id,
       thread_id, owner_id, recorded_at
  FROM threadlog.chat_events
 WHERE notification_id > $1 AND notification_id <= $2
   AND ($3::text[] IS NULL OR topic = ANY ($3))
 ORDER BY notification_id
 LIMIT $4
