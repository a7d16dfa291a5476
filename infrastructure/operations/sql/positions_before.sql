-- For each of the times $1: the position of the last event before it, 0 when there is none, in their
-- order. Positions are dense and times never fall along the log, so halving finds each one.
WITH RECURSIVE halving AS (
    SELECT t.n, t.time, 0::bigint AS low,
           coalesce((SELECT max(notification_id) FROM threadlog.chat_events), 0) AS high
      FROM unnest($1::timestamptz[]) WITH ORDINALITY AS t(time, n)
    UNION ALL
    SELECT h.n, h.time,
           CASE WHEN e.recorded_at < h.time THEN e.notification_id ELSE h.low END,
           CASE WHEN e.recorded_at < h.time THEN h.high ELSE e.notification_id - 1 END
      FROM halving h
      JOIN threadlog.chat_events e ON e.notification_id = (h.low + h.high + 1) / 2
     WHERE h.low < h.high
)
SELECT low FROM halving WHERE low = high ORDER BY n
