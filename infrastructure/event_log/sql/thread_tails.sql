-- Last position of each of the threads $1; 0 for one without events.
SELECT thread.id, coalesce((
           SELECT e.notification_id
             FROM threadlog.chat_events e
            WHERE (e.thread_id, e.notification_id) >= (thread.id, 0)
              AND (e.thread_id, e.notification_id) <= (thread.id, 9223372036854775807)
            ORDER BY e.thread_id DESC, e.notification_id DESC
            LIMIT 1), 0)
  FROM unnest($1::uuid[]) AS thread(id)
