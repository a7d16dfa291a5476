-- After a lost acknowledgement: events of stream $1 with a version after $2 and a position after $3,
-- at most $4, each with the position before it in its thread.
SELECT e.originator_id, e.originator_version, e.topic, e.state, e.notification_id,
       e.thread_id, e.owner_id, e.recorded_at,
       CASE WHEN e.thread_id IS NOT NULL THEN coalesce((
           SELECT p.notification_id
             FROM threadlog.chat_events p
            WHERE (p.thread_id, p.notification_id) >= (e.thread_id, 0)
              AND (p.thread_id, p.notification_id) < (e.thread_id, e.notification_id)
            ORDER BY p.thread_id DESC, p.notification_id DESC
            LIMIT 1), 0) END AS previous
  FROM threadlog.chat_events e
 WHERE e.originator_id = $1 AND e.originator_version > $2 AND e.notification_id > $3
 ORDER BY e.originator_version
 LIMIT $4
