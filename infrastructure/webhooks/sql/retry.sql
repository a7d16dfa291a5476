-- What waits of webhook $1 is tried at once; with $2 also what was given up, from the first try on.
UPDATE threadlog.webhook_deliveries
   SET due_at = now(), attempts = CASE WHEN dead THEN 0 ELSE attempts END, dead = false
 WHERE webhook_id = $1 AND ($2 OR NOT dead)
