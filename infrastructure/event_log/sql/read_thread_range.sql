-- Events of all streams of thread $1 after position $2 and not after $3, at most $4, in order.
-- The row comparison keeps the planner on the index (thread_id, notification_id).
SELECT originator_id, originator_version, topic, state, notification_id,
       thread_id, owner_id, recorded_at
  FROM threadlog.chat_events
 WHERE (thread_id, notification_id) > ($1, $2) AND (thread_id, notification_id) <= ($1, $3)
 ORDER BY thread_id, notification_id
 LIMIT $4
