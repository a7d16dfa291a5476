-- What has arrived: webhook $1, position $2.
DELETE FROM threadlog.webhook_deliveries d
 USING unnest($1::uuid[], $2::bigint[]) AS a(webhook_id, position)
 WHERE d.webhook_id = a.webhook_id AND d.position = a.position
