-- The cursors of the webhooks $1 move to the positions $2; what they want up to there, webhook $3,
-- position $4, thread $5, is on its way from now on. One statement: both, or nothing.
WITH moved AS (
    UPDATE threadlog.webhook_cursors c SET position = m.position
      FROM unnest($1::uuid[], $2::bigint[]) AS m(webhook_id, position)
     WHERE c.webhook_id = m.webhook_id
)
INSERT INTO threadlog.webhook_deliveries (webhook_id, position, thread_id)
SELECT * FROM unnest($3::uuid[], $4::bigint[], $5::uuid[])
    ON CONFLICT (webhook_id, position) DO NOTHING
