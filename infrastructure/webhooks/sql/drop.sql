-- Webhook $1 is no more.
WITH gone AS (DELETE FROM threadlog.webhook_deliveries WHERE webhook_id = $1)
DELETE FROM threadlog.webhook_cursors WHERE webhook_id = $1
