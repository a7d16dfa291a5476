CREATE VIEW analytics.freshness AS
SELECT p.name AS projection,
       p.version,
       p.position,
       (SELECT e.recorded_at FROM threadlog.chat_events e
         WHERE e.notification_id <= p.position
         ORDER BY e.notification_id DESC LIMIT 1) AS followed_until,
       (SELECT max(e.notification_id) FROM threadlog.chat_events e) - p.position AS events_behind,
       p.stopped_at IS NOT NULL OR p.paused AS standing_still
  FROM threadlog.projections p
 WHERE p.active;

COMMENT ON VIEW analytics.freshness IS 'Up to where the other views show the log: tool_calls by the projection of that name, the others by record.';
COMMENT ON COLUMN analytics.freshness.projection IS 'what fills the tables';
COMMENT ON COLUMN analytics.freshness.version IS 'of the code that fills them';
COMMENT ON COLUMN analytics.freshness.position IS 'everything up to this place in the log is shown';
COMMENT ON COLUMN analytics.freshness.followed_until IS 'when the event there was recorded';
COMMENT ON COLUMN analytics.freshness.events_behind IS 'events that are not shown yet';
COMMENT ON COLUMN analytics.freshness.standing_still IS 'it was paused, or met an event that it cannot apply';
