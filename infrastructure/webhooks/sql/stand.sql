-- How far each of the webhooks $1 is, and how much is on its way or given up.
SELECT c.webhook_id, c.position,
       (SELECT count(*) FROM threadlog.webhook_deliveries d
         WHERE d.webhook_id = c.webhook_id AND NOT d.dead) AS pending,
       (SELECT count(*) FROM threadlog.webhook_deliveries d
         WHERE d.webhook_id = c.webhook_id AND d.dead) AS dead
  FROM threadlog.webhook_cursors c
 WHERE c.webhook_id = ANY ($1)
