-- The same without chunks of text, which the partial index leaves out.
SELECT log.last, page.*
  FROM (SELECT coalesce(max(notification_id), 0) AS last FROM threadlog.chat_events) log
  LEFT JOIN LATERAL (
       SELECT originator_id, originator_version, topic, state, notification_id,
              thread_id, owner_id, recorded_at
         FROM threadlog.chat_events
        WHERE notification_id > $1 AND split_part(topic, '@', 1) <> 'completion.chunk'
        ORDER BY notification_id
        LIMIT $2) page ON true
 ORDER BY page.notification_id
