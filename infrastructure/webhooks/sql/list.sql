-- At most $4 deliveries of webhook $1 after position $3; with $2 only those that are dead or not.
SELECT position, thread_id, attempts, dead, due_at, tried_at, error
  FROM threadlog.webhook_deliveries
 WHERE webhook_id = $1 AND ($2::boolean IS NULL OR dead = $2) AND position > $3
 ORDER BY position
 LIMIT $4
