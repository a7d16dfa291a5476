CREATE VIEW analytics.failures AS
SELECT 'completion' AS kind, c.id, c.thread_id, c.user_id, c.agent, c.model, NULL AS tool,
       c.error_type AS class,
       (c.error_details ->> 'retryable')::boolean AS retryable,
       (c.error_details ->> 'status')::int AS http_status,
       c.attempts,
       c.completed_at AS failed_at
  FROM read.completions c
 WHERE c.status = 'failed'
UNION ALL
SELECT 'tool_call', t.id, t.thread_id, t.user_id, c.agent, c.model, t.tool,
       coalesce(t.code, t.outcome), NULL, NULL, 1, t.returned_at
  FROM read.tool_calls t
  LEFT JOIN read.completions c ON c.id = t.completion_id
 WHERE t.outcome IN ('error', 'failed', 'outcome_unknown')
UNION ALL
SELECT 'tool_execution', e.id, e.thread_id, e.user_id, c.agent, c.model, e.name,
       e.error_type, NULL, NULL, e.attempts, e.completed_at
  FROM read.async_tool_executions e
  LEFT JOIN read.completions c ON c.id = e.completion_id
 WHERE e.status IN ('failed', 'timed_out');

COMMENT ON VIEW analytics.failures IS 'Answers, tool calls and background tools that failed, one row each.';
COMMENT ON COLUMN analytics.failures.kind IS 'completion, tool_call or tool_execution';
COMMENT ON COLUMN analytics.failures.id IS 'its completion_id, call_id or execution_id';
COMMENT ON COLUMN analytics.failures.thread_id IS 'the conversation';
COMMENT ON COLUMN analytics.failures.user_id IS 'the owner of the thread';
COMMENT ON COLUMN analytics.failures.agent IS 'who answers';
COMMENT ON COLUMN analytics.failures.model IS 'the model of the answer';
COMMENT ON COLUMN analytics.failures.tool IS 'the name of the tool; NULL: an answer failed';
COMMENT ON COLUMN analytics.failures.class IS 'why: the error_class of an answer or background tool, a tool call''s code or outcome; timeout where a background tool was too late';
COMMENT ON COLUMN analytics.failures.retryable IS 'may the same succeed later? NULL: not known';
COMMENT ON COLUMN analytics.failures.http_status IS 'of the provider''s answer';
COMMENT ON COLUMN analytics.failures.attempts IS 'how often it was tried';
COMMENT ON COLUMN analytics.failures.failed_at IS 'when it had failed for good';
