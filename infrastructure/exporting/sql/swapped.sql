-- Position of the last event $2 in the streams $1: when tables were last made again; 0: never.
SELECT coalesce(max(notification_id), 0) FROM threadlog.chat_events
 WHERE originator_id = ANY ($1::uuid[]) AND split_part(topic, '@', 1) = $2
