-- Last position of an event but chunks of text in the threads of each of the owners $1; else 0.
SELECT owner.id, coalesce((
           SELECT e.notification_id
             FROM threadlog.chat_events e
            WHERE (e.owner_id, e.notification_id) >= (owner.id, 0)
              AND (e.owner_id, e.notification_id) <= (owner.id, 9223372036854775807)
              AND split_part(e.topic, '@', 1) <> 'completion.chunk'
              AND e.thread_id IS NOT NULL
            ORDER BY e.owner_id DESC, e.notification_id DESC
            LIMIT 1), 0)
  FROM unnest($1::uuid[]) AS owner(id)
