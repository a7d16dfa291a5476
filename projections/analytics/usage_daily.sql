CREATE VIEW analytics.usage_daily AS
SELECT (c.created_at AT TIME ZONE 'UTC')::date AS day,
       c.user_id,
       c.agent,
       c.provider,
       c.model,
       count(DISTINCT c.thread_id) AS threads,
       count(*) AS completions,
       count(*) FILTER (WHERE c.status = 'completed') AS completed,
       count(*) FILTER (WHERE c.status = 'failed') AS failed,
       count(*) FILTER (WHERE c.status = 'cancelled') AS cancelled,
       count(*) FILTER (WHERE c.status IN ('pending', 'processing', 'waiting')) AS open,
       coalesce(sum(c.model_requests), 0)::bigint AS model_requests,
       coalesce(sum(c.input_tokens), 0)::bigint AS input_tokens,
       coalesce(sum(c.output_tokens), 0)::bigint AS output_tokens,
       coalesce(sum(c.cache_read_tokens), 0)::bigint AS cache_read_tokens,
       coalesce(sum(c.cost_microdollars), 0)::bigint AS cost_microdollars,
       count(*) FILTER (WHERE c.model_requests > 0 AND c.cost_microdollars IS NULL) AS unpriced
  FROM read.completions c
 GROUP BY 1, 2, 3, 4, 5;

COMMENT ON VIEW analytics.usage_daily IS 'Usage by day (in UTC, by when the message was sent), user, agent and model.';
COMMENT ON COLUMN analytics.usage_daily.day IS 'in UTC';
COMMENT ON COLUMN analytics.usage_daily.user_id IS 'the owner of the threads';
COMMENT ON COLUMN analytics.usage_daily.agent IS 'who answers; NULL: the turn has not come, or never came';
COMMENT ON COLUMN analytics.usage_daily.provider IS 'the kind of model';
COMMENT ON COLUMN analytics.usage_daily.model IS 'the model; NULL: none was asked';
COMMENT ON COLUMN analytics.usage_daily.threads IS 'conversations with such an answer';
COMMENT ON COLUMN analytics.usage_daily.completions IS 'answers that were asked for';
COMMENT ON COLUMN analytics.usage_daily.completed IS 'of these, completed';
COMMENT ON COLUMN analytics.usage_daily.failed IS 'of these, failed';
COMMENT ON COLUMN analytics.usage_daily.cancelled IS 'of these, cancelled';
COMMENT ON COLUMN analytics.usage_daily.open IS 'of these, not ended';
COMMENT ON COLUMN analytics.usage_daily.model_requests IS 'requests to models that were answered, if only in part';
COMMENT ON COLUMN analytics.usage_daily.input_tokens IS 'of the answers that have ended';
COMMENT ON COLUMN analytics.usage_daily.output_tokens IS 'of the answers that have ended';
COMMENT ON COLUMN analytics.usage_daily.cache_read_tokens IS 'of the input, read from the provider''s cache';
COMMENT ON COLUMN analytics.usage_daily.cost_microdollars IS 'of those whose price is known, in millionths of a US dollar';
COMMENT ON COLUMN analytics.usage_daily.unpriced IS 'answers that asked a model and whose price is not known';
