CREATE VIEW analytics.cancellations AS
SELECT 'completion' AS kind, c.id, c.thread_id, c.user_id, c.agent, c.model, NULL AS tool,
       CASE WHEN c.cancelled_by LIKE 'user:%' THEN 'user'
            WHEN c.cancelled_by IS NOT NULL THEN 'system'
            WHEN c.error_details ? 'answered_by' THEN 'taken_in'
            WHEN c.requested_at IS NULL THEN 'withdrawn'
            ELSE 'agent' END AS cause,
       c.started_at,
       c.cancel_requested_at,
       c.completed_at AS cancelled_at,
       round(extract(epoch FROM c.completed_at - c.cancel_requested_at) * 1000)::bigint AS reaction_ms,
       round(extract(epoch FROM c.completed_at - c.created_at) * 1000)::bigint AS total_ms,
       c.characters,
       c.output_tokens,
       c.cost_microdollars
  FROM read.completions c
 WHERE c.status = 'cancelled'
UNION ALL
SELECT 'tool_execution', e.id, e.thread_id, e.user_id, c.agent, c.model, e.name,
       CASE WHEN e.cancelled_by LIKE 'user:%' THEN 'user' ELSE 'system' END,
       e.started_at,
       e.cancel_requested_at,
       e.completed_at,
       round(extract(epoch FROM e.completed_at - e.cancel_requested_at) * 1000)::bigint,
       round(extract(epoch FROM e.completed_at - e.created_at) * 1000)::bigint,
       NULL, NULL, NULL
  FROM read.async_tool_executions e
  LEFT JOIN read.completions c ON c.id = e.completion_id
 WHERE e.status = 'cancelled';

COMMENT ON VIEW analytics.cancellations IS 'Answers and background tools that were stopped, one row each. The reasons that people typed are contents and are left out.';
COMMENT ON COLUMN analytics.cancellations.kind IS 'completion or tool_execution';
COMMENT ON COLUMN analytics.cancellations.id IS 'its completion_id or execution_id';
COMMENT ON COLUMN analytics.cancellations.thread_id IS 'the conversation';
COMMENT ON COLUMN analytics.cancellations.user_id IS 'the owner of the thread';
COMMENT ON COLUMN analytics.cancellations.agent IS 'who answers; NULL: the turn never came';
COMMENT ON COLUMN analytics.cancellations.model IS 'the model of the answer';
COMMENT ON COLUMN analytics.cancellations.tool IS 'the name of the tool; NULL: an answer was stopped';
COMMENT ON COLUMN analytics.cancellations.cause IS 'user; system; agent: it stopped itself; withdrawn: the message was taken back before its turn; taken_in: another answer answers its message';
COMMENT ON COLUMN analytics.cancellations.started_at IS 'when a worker first began it; NULL: none did';
COMMENT ON COLUMN analytics.cancellations.cancel_requested_at IS 'when somebody asked for the end';
COMMENT ON COLUMN analytics.cancellations.cancelled_at IS 'when it had ended';
COMMENT ON COLUMN analytics.cancellations.reaction_ms IS 'cancel_requested_at to cancelled_at';
COMMENT ON COLUMN analytics.cancellations.total_ms IS 'from the message, or the dispatch, to the end';
COMMENT ON COLUMN analytics.cancellations.characters IS 'length of the text that it had';
COMMENT ON COLUMN analytics.cancellations.output_tokens IS 'that it had cost';
COMMENT ON COLUMN analytics.cancellations.cost_microdollars IS 'that it had cost, in millionths of a US dollar; NULL: not known';
