-- Webhook $1 begins after position $3, done up to version $2 of its stream.
INSERT INTO threadlog.webhook_cursors (webhook_id, version, position) VALUES ($1, $2, $3)
    ON CONFLICT (webhook_id) DO NOTHING
