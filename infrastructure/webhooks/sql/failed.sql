-- What has failed: webhook $1, position $2, for the $3rd time, with the error $4; tried again in $5
-- seconds, or never where $6.
UPDATE threadlog.webhook_deliveries d
   SET attempts = f.attempts, error = f.error, tried_at = now(), dead = f.dead,
       due_at = now() + f.seconds * interval '1 second'
  FROM unnest($1::uuid[], $2::bigint[], $3::int[], $4::text[], $5::float8[], $6::boolean[])
       AS f(webhook_id, position, attempts, error, seconds, dead)
 WHERE d.webhook_id = f.webhook_id AND d.position = f.position
