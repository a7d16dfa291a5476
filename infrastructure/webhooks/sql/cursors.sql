-- How far each webhook is.
SELECT webhook_id, version, position FROM threadlog.webhook_cursors
