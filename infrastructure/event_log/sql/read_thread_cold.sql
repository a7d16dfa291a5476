-- The same without chunks of text, and without the positions of events before.
SELECT originator_id, originator_version, topic, state, notification_id,
       thread_id, owner_id, recorded_at
  FROM threadlog.chat_events
 WHERE (thread_id, notification_id) > ($1, $2)
   AND (thread_id, notification_id) <= ($1, 9223372036854775807)
   AND split_part(topic, '@', 1) <> 'completion.chunk'
 ORDER BY thread_id, notification_id
 LIMIT $3
