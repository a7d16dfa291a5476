-- Events of stream $1 with a version after $2, at most $3; its chunks of text only if $4.
SELECT originator_id, originator_version, topic, state, notification_id,
       thread_id, owner_id, recorded_at
  FROM threadlog.chat_events
 WHERE originator_id = $1 AND originator_version > $2
   AND ($4 OR split_part(topic, '@', 1) <> 'completion.chunk')
 ORDER BY originator_version
 LIMIT $3
