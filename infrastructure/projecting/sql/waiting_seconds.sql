-- How long the first event after position $1 has waited that a read model wants: one of the names
-- $2, NULL for any but chunks. No row when there is none. The names are looked at within 50,000
-- positions only: an index finds what comes after them, whatever it is.
SELECT extract(epoch FROM clock_timestamp() - recorded_at)::float8
  FROM ((SELECT notification_id, recorded_at
           FROM threadlog.chat_events
          WHERE notification_id > $1::bigint AND notification_id <= $1::bigint + 50000
            AND split_part(topic, '@', 1) <> 'completion.chunk'
            AND ($2::text[] IS NULL OR split_part(topic, '@', 1) = ANY ($2::text[]))
          ORDER BY notification_id
          LIMIT 1)
        UNION ALL
        (SELECT notification_id, recorded_at
           FROM threadlog.chat_events
          WHERE notification_id > $1::bigint + 50000
            AND split_part(topic, '@', 1) <> 'completion.chunk'
          ORDER BY notification_id
          LIMIT 1)) AS waiting
 ORDER BY notification_id
 LIMIT 1
