CREATE VIEW analytics.tool_executions AS
SELECT e.id AS execution_id,
       e.position,
       e.thread_id,
       e.user_id,
       e.completion_id,
       c.agent,
       c.model,
       e.name AS tool,
       e.outside,
       e.status,
       CASE WHEN e.status NOT IN ('pending', 'running') THEN e.status END AS outcome,
       CASE WHEN e.status = 'failed' THEN e.error_type END AS error_class,
       e.attempts,
       e.timeout_seconds,
       e.created_at AS dispatched_at,
       e.started_at,
       e.completed_at,
       round(extract(epoch FROM e.started_at - e.created_at) * 1000)::bigint AS queue_ms,
       round(extract(epoch FROM e.completed_at - coalesce(e.started_at, e.created_at)) * 1000)::bigint
           AS duration_ms
  FROM read.async_tool_executions e
  LEFT JOIN read.completions c ON c.id = e.completion_id;

COMMENT ON VIEW analytics.tool_executions IS 'Background tools, one row for each execution. Results are contents and are left out.';
COMMENT ON COLUMN analytics.tool_executions.execution_id IS 'the execution';
COMMENT ON COLUMN analytics.tool_executions.position IS 'of the event that began it: its place in the log';
COMMENT ON COLUMN analytics.tool_executions.thread_id IS 'the conversation';
COMMENT ON COLUMN analytics.tool_executions.user_id IS 'the owner of the thread';
COMMENT ON COLUMN analytics.tool_executions.completion_id IS 'the answer that dispatched it';
COMMENT ON COLUMN analytics.tool_executions.agent IS 'who answers';
COMMENT ON COLUMN analytics.tool_executions.model IS 'the model of the answer';
COMMENT ON COLUMN analytics.tool_executions.tool IS 'the name of the tool';
COMMENT ON COLUMN analytics.tool_executions.outside IS 'its result comes from another system: no worker of ours runs it';
COMMENT ON COLUMN analytics.tool_executions.status IS 'pending, running, completed, failed, cancelled or timed_out';
COMMENT ON COLUMN analytics.tool_executions.outcome IS 'completed, failed, cancelled or timed_out; NULL: it has not ended';
COMMENT ON COLUMN analytics.tool_executions.error_class IS 'why it failed: internal_error, validation_error, not_found, permission_denied, rate_limit or outcome_unknown';
COMMENT ON COLUMN analytics.tool_executions.attempts IS 'how often a worker began it';
COMMENT ON COLUMN analytics.tool_executions.timeout_seconds IS 'how long it may take; NULL: for ever';
COMMENT ON COLUMN analytics.tool_executions.dispatched_at IS 'when the model asked for it';
COMMENT ON COLUMN analytics.tool_executions.started_at IS 'when a worker first began it';
COMMENT ON COLUMN analytics.tool_executions.completed_at IS 'when it ended, whatever the outcome';
COMMENT ON COLUMN analytics.tool_executions.queue_ms IS 'dispatched_at to started_at: waiting for a worker';
COMMENT ON COLUMN analytics.tool_executions.duration_ms IS 'started_at to completed_at; from dispatched_at where no worker began it';
