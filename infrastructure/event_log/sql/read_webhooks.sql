-- What happened to webhooks after position $1, in order. Few events: a partial index holds them.
SELECT originator_id, originator_version, topic, state, notification_id,
       thread_id, owner_id, recorded_at
  FROM threadlog.chat_events
 WHERE notification_id > $1 AND split_part(topic, '@', 1) LIKE 'webhook.%'
 ORDER BY notification_id
