-- Events after position $1, at most $2, and the last position of the log in the same snapshot.
-- A log with nothing after $1 gives one row that holds only the last position.
SELECT log.last, page.*
  FROM (SELECT coalesce(max(notification_id), 0) AS last FROM threadlog.chat_events) log
  LEFT JOIN LATERAL (
       SELECT originator_id, originator_version, topic, state, notification_id,
              thread_id, owner_id, recorded_at
         FROM threadlog.chat_events
        WHERE notification_id > $1
        ORDER BY notification_id
        LIMIT $2) page ON true
 ORDER BY page.notification_id
