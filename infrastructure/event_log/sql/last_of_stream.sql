-- The latest event of stream $1, if it has any.
SELECT originator_id, originator_version, topic, state, notification_id,
       thread_id, owner_id, recorded_at
  FROM threadlog.chat_events
 WHERE originator_id = $1
 ORDER BY originator_version DESC
 LIMIT 1
