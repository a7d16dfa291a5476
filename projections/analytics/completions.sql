CREATE VIEW analytics.completions AS
SELECT c.id AS completion_id,
       c.position,
       c.thread_id,
       c.user_id,
       c.message_id,
       c.agent,
       c.provider,
       c.model,
       c.status,
       CASE WHEN c.status IN ('completed', 'failed', 'cancelled') THEN c.status END AS outcome,
       c.error_type AS error_class,
       (c.error_details ->> 'retryable')::boolean AS error_retryable,
       (c.error_details ->> 'status')::int AS http_status,
       c.attempts,
       c.lost_workers,
       c.model_retries,
       c.handovers,
       c.created_at AS asked_at,
       c.requested_at,
       c.started_at,
       c.completed_at,
       round(extract(epoch FROM c.requested_at - c.created_at) * 1000)::bigint AS turn_wait_ms,
       round(extract(epoch FROM c.started_at - c.requested_at) * 1000)::bigint AS queue_ms,
       c.time_to_first_token_ms,
       c.latency_ms AS duration_ms,
       round(extract(epoch FROM c.completed_at - c.created_at) * 1000)::bigint AS total_ms,
       c.model_ms,
       round(c.output_tokens * 1000.0 / nullif(c.model_ms, 0), 1)::float8 AS tokens_per_second,
       c.model_requests,
       c.input_tokens,
       c.output_tokens,
       c.cache_read_tokens,
       c.cache_write_tokens,
       c.tokens_estimated,
       c.cost_microdollars,
       c.characters
  FROM read.completions c;

COMMENT ON VIEW analytics.completions IS 'Answers, one row for each that was asked for, ended or not.';
COMMENT ON COLUMN analytics.completions.completion_id IS 'the answer; also the message_id of its text';
COMMENT ON COLUMN analytics.completions.position IS 'of the event that asked for it: its place in the log';
COMMENT ON COLUMN analytics.completions.thread_id IS 'the conversation';
COMMENT ON COLUMN analytics.completions.user_id IS 'the owner of the thread';
COMMENT ON COLUMN analytics.completions.message_id IS 'the message that it answers, or the answer that it goes on from';
COMMENT ON COLUMN analytics.completions.agent IS 'who answers; NULL: its turn has not come, or never came';
COMMENT ON COLUMN analytics.completions.provider IS 'the kind of model, such as openai-chat or anthropic; NULL: no model was asked, or by a version that did not record it';
COMMENT ON COLUMN analytics.completions.model IS 'the model as the provider names it; NULL: none was asked';
COMMENT ON COLUMN analytics.completions.status IS 'pending, processing, waiting (for a person), completed, failed or cancelled';
COMMENT ON COLUMN analytics.completions.outcome IS 'completed, failed or cancelled; NULL: it has not ended';
COMMENT ON COLUMN analytics.completions.error_class IS 'why it failed: rate_limited, overloaded, timeout, rejected, context_too_long, authentication, internal or worker_lost';
COMMENT ON COLUMN analytics.completions.error_retryable IS 'may the same succeed later? NULL: it has not failed';
COMMENT ON COLUMN analytics.completions.http_status IS 'of the provider''s answer that ended it';
COMMENT ON COLUMN analytics.completions.attempts IS 'how often a worker began it';
COMMENT ON COLUMN analytics.completions.lost_workers IS 'attempts that ended because their worker died';
COMMENT ON COLUMN analytics.completions.model_retries IS 'attempts that ended because the model was in trouble';
COMMENT ON COLUMN analytics.completions.handovers IS 'attempts that ended because their worker was told to stop';
COMMENT ON COLUMN analytics.completions.asked_at IS 'when the message was sent';
COMMENT ON COLUMN analytics.completions.requested_at IS 'when its turn had come: later than asked_at where another answer came first';
COMMENT ON COLUMN analytics.completions.started_at IS 'when a worker first began it';
COMMENT ON COLUMN analytics.completions.completed_at IS 'when it ended, whatever the outcome';
COMMENT ON COLUMN analytics.completions.turn_wait_ms IS 'asked_at to requested_at: behind other answers of its thread';
COMMENT ON COLUMN analytics.completions.queue_ms IS 'requested_at to started_at: waiting for a worker';
COMMENT ON COLUMN analytics.completions.time_to_first_token_ms IS 'from its start on the last worker to its first token, on that worker''s clock; NULL: there was none, or no worker ended it';
COMMENT ON COLUMN analytics.completions.duration_ms IS 'from its start on the last worker to its end, tools included; NULL: no worker ended it';
COMMENT ON COLUMN analytics.completions.total_ms IS 'asked_at to completed_at: what a person waits';
COMMENT ON COLUMN analytics.completions.model_ms IS 'time in which the model worked: from each request to its whole response';
COMMENT ON COLUMN analytics.completions.tokens_per_second IS 'output_tokens by model_ms, the wait for first tokens included';
COMMENT ON COLUMN analytics.completions.model_requests IS 'requests to the model that were answered, if only in part';
COMMENT ON COLUMN analytics.completions.input_tokens IS 'as the provider counted them, of all requests; NULL: it has not ended';
COMMENT ON COLUMN analytics.completions.output_tokens IS 'as the provider counted them, of all requests; NULL: it has not ended';
COMMENT ON COLUMN analytics.completions.cache_read_tokens IS 'of the input, read from the provider''s cache';
COMMENT ON COLUMN analytics.completions.cache_write_tokens IS 'of the input, written to the provider''s cache';
COMMENT ON COLUMN analytics.completions.tokens_estimated IS 'a request was broken off, and its tokens are our estimate';
COMMENT ON COLUMN analytics.completions.cost_microdollars IS 'at list prices, in millionths of a US dollar; NULL: a price is not known';
COMMENT ON COLUMN analytics.completions.characters IS 'length of its text; NULL: it has not ended';
