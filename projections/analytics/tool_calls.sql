CREATE VIEW analytics.tool_calls AS
SELECT t.id AS call_id,
       t.position,
       t.thread_id,
       t.user_id,
       t.completion_id,
       c.agent,
       c.model,
       t.tool,
       t.attempt,
       t.step,
       t.outcome,
       t.code,
       t.execution_id,
       t.argument_bytes,
       t.result_bytes,
       t.result_cut,
       t.called_at,
       t.returned_at,
       round(extract(epoch FROM t.returned_at - t.called_at) * 1000)::bigint AS duration_ms,
       t.approved,
       round(extract(epoch FROM t.approval_answered_at - t.approval_asked_at) * 1000)::bigint
           AS approval_ms
  FROM read.tool_calls t
  LEFT JOIN read.completions c ON c.id = t.completion_id;

COMMENT ON VIEW analytics.tool_calls IS 'Tools that models asked for, one row each time. Arguments and results are contents and are left out.';
COMMENT ON COLUMN analytics.tool_calls.call_id IS 'the call';
COMMENT ON COLUMN analytics.tool_calls.position IS 'of the event that asked for it: its place in the log';
COMMENT ON COLUMN analytics.tool_calls.thread_id IS 'the conversation';
COMMENT ON COLUMN analytics.tool_calls.user_id IS 'the owner of the thread';
COMMENT ON COLUMN analytics.tool_calls.completion_id IS 'the answer in which it was asked for';
COMMENT ON COLUMN analytics.tool_calls.agent IS 'who answers';
COMMENT ON COLUMN analytics.tool_calls.model IS 'the model of the answer';
COMMENT ON COLUMN analytics.tool_calls.tool IS 'the name of the tool';
COMMENT ON COLUMN analytics.tool_calls.attempt IS 'of the answer, from 1';
COMMENT ON COLUMN analytics.tool_calls.step IS 'of the answer, from 1: the request to the model that brought it';
COMMENT ON COLUMN analytics.tool_calls.outcome IS 'completed, pending (goes on in the background), error, failed, cancelled or outcome_unknown; NULL: it runs';
COMMENT ON COLUMN analytics.tool_calls.code IS 'why there is no result, such as not_found';
COMMENT ON COLUMN analytics.tool_calls.execution_id IS 'of the background tool that it became; NULL: it ran at once';
COMMENT ON COLUMN analytics.tool_calls.argument_bytes IS 'length of its arguments as JSON';
COMMENT ON COLUMN analytics.tool_calls.result_bytes IS 'length of what the model read as result';
COMMENT ON COLUMN analytics.tool_calls.result_cut IS 'the result was longer than what the model read';
COMMENT ON COLUMN analytics.tool_calls.called_at IS 'when the model asked for it';
COMMENT ON COLUMN analytics.tool_calls.returned_at IS 'when the model had its result';
COMMENT ON COLUMN analytics.tool_calls.duration_ms IS 'called_at to returned_at, a person''s approval included';
COMMENT ON COLUMN analytics.tool_calls.approved IS 'what a person decided; NULL: nobody was asked, or has answered';
COMMENT ON COLUMN analytics.tool_calls.approval_ms IS 'how long the person took';
