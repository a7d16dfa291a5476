-- What a stream over all threads of owner $1 shows after position $2, at most $3 events: everything
-- but chunks of text, and the chunks of those of the threads $4 that are the owner's. One statement
-- sees one state of the log, so nothing before the last row is missing, now or later. `previous`
-- chains the rows, the first one to $2. States only of the names in $5; the others' are empty.
SELECT originator_id, originator_version, topic,
       CASE WHEN split_part(topic, '@', 1) = ANY ($5::text[]) THEN state ELSE ''::bytea END AS state,
       notification_id, thread_id, owner_id, recorded_at,
       lag(notification_id, 1, $2::bigint) OVER (ORDER BY notification_id) AS previous
  FROM (
       (SELECT originator_id, originator_version, topic, state, notification_id,
               thread_id, owner_id, recorded_at
          FROM threadlog.chat_events
         WHERE (owner_id, notification_id) > ($1, $2)
           AND (owner_id, notification_id) <= ($1, 9223372036854775807)
           AND split_part(topic, '@', 1) <> 'completion.chunk'
           AND thread_id IS NOT NULL
         ORDER BY owner_id, notification_id
         LIMIT $3)
       UNION ALL
       SELECT chunk.*
         FROM unnest($4::uuid[]) AS thread(id)
        CROSS JOIN LATERAL (
              SELECT originator_id, originator_version, topic, state, notification_id,
                     thread_id, owner_id, recorded_at
                FROM threadlog.chat_events
               WHERE (thread_id, notification_id) > (thread.id, $2)
                 AND (thread_id, notification_id) <= (thread.id, 9223372036854775807)
                 AND split_part(topic, '@', 1) = 'completion.chunk'
                 AND owner_id = $1
               ORDER BY thread_id, notification_id
               LIMIT $3) chunk
       ) page
 ORDER BY notification_id
 LIMIT $3
