-- What of webhook $1 is on its way, in order, and in how many seconds it is tried next.
SELECT position, thread_id, attempts,
       greatest(0, extract(epoch FROM due_at - now()))::float8 AS due_in
  FROM threadlog.webhook_deliveries
 WHERE webhook_id = $1 AND NOT dead
 ORDER BY position
