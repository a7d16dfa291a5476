-- Events of all streams of thread $1 after position $2, at most $3, each with the position of the
-- one before it. States only of the names in $4 (NULL: of all); the others' are empty.
-- The row comparison keeps the planner on the index (thread_id, notification_id).
WITH page AS (
    SELECT originator_id, originator_version, topic,
           CASE WHEN $4::text[] IS NULL OR split_part(topic, '@', 1) = ANY ($4)
                THEN state ELSE ''::bytea END AS state,
           notification_id, thread_id, owner_id, recorded_at
      FROM threadlog.chat_events
     WHERE (thread_id, notification_id) > ($1, $2)
       AND (thread_id, notification_id) <= ($1, 9223372036854775807)
     ORDER BY thread_id, notification_id
     LIMIT $3
)
SELECT page.*, lag(notification_id, 1, (
           SELECT coalesce((
               SELECT notification_id
                 FROM threadlog.chat_events
                WHERE (thread_id, notification_id) >= ($1, 0)
                  AND (thread_id, notification_id) <= ($1, $2)
                ORDER BY thread_id DESC, notification_id DESC
                LIMIT 1), 0)
       )) OVER (ORDER BY notification_id) AS previous
  FROM page
 ORDER BY notification_id
