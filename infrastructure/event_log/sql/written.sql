-- After a lost acknowledgement: for each stream $1 its events with a version after $2 and a position
-- after $3, at most $4, each with the position before it in its thread. The first column is the
-- place of the stream in the arrays.
SELECT s.n, e.*,
       CASE WHEN e.thread_id IS NOT NULL THEN coalesce((
           SELECT p.notification_id
             FROM threadlog.chat_events p
            WHERE (p.thread_id, p.notification_id) >= (e.thread_id, 0)
              AND (p.thread_id, p.notification_id) < (e.thread_id, e.notification_id)
            ORDER BY p.thread_id DESC, p.notification_id DESC
            LIMIT 1), 0) END AS previous
  FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[])
       WITH ORDINALITY AS s(id, version, position, size, n)
 CROSS JOIN LATERAL (
       SELECT originator_id, originator_version, topic, state, notification_id,
              thread_id, owner_id, recorded_at
         FROM threadlog.chat_events
        WHERE originator_id = s.id
          AND originator_version > s.version
          AND notification_id > s.position
        ORDER BY originator_version
        LIMIT s.size) e
 ORDER BY s.n, e.originator_version
