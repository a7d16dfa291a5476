-- Threads in which something happened after position $1 and not after $2, chunks not counted.
SELECT thread_id
  FROM threadlog.chat_events
 WHERE notification_id > $1 AND notification_id <= $2 AND thread_id IS NOT NULL
   AND split_part(topic, '@', 1) <> 'completion.chunk'
