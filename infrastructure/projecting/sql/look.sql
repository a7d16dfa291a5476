-- Every copy of every read model, the one that readers see first, beside the log's last position,
-- whether a projector leads, and whether somebody makes or swaps copies of this read model: their
-- locks are session locks. One row at least; without any copy its name is NULL.
WITH held AS (
    SELECT classid::bigint << 32 | objid::bigint AS key
      FROM pg_locks
     WHERE locktype = 'advisory' AND granted AND objsubid = 1
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
)
SELECT coalesce((SELECT max(notification_id) FROM threadlog.chat_events), 0) AS last,
       EXISTS (SELECT FROM held
                WHERE held.key = hashtextextended('threadlog.projector', 0)) AS leads,
       EXISTS (SELECT FROM held
                WHERE held.key = hashtextextended('threadlog.rebuild.' || p.name, 0)) AS in_work,
       p.name, p.slot, p.version, p.position, p.active, p.complete, p.paused, p.stopped_at, p.error
  FROM (SELECT) AS one
  LEFT JOIN threadlog.projections p ON true
 ORDER BY p.name, p.active DESC
