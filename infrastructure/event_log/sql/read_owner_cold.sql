-- Events but chunks of text of all streams of owner $1 after position $2, at most $3.
SELECT originator_id, originator_version, topic, state, notification_id,
       thread_id, owner_id, recorded_at
  FROM threadlog.chat_events
 WHERE (owner_id, notification_id) > ($1, $2)
   AND (owner_id, notification_id) <= ($1, 9223372036854775807)
   AND split_part(topic, '@', 1) <> 'completion.chunk'
 ORDER BY owner_id, notification_id
 LIMIT $3
