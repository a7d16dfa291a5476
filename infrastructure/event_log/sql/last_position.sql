-- Position of the log's last event; 0 while it is empty.
SELECT coalesce(max(notification_id), 0) FROM threadlog.chat_events
