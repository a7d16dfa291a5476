CREATE VIEW analytics.messages AS
SELECT m.id AS message_id,
       m.thread_id,
       m.position,
       m.user_id,
       m.parent_id AS parent_message_id,
       m.completion_id,
       m.role,
       m.status,
       said.characters,
       said.reasoning_characters,
       said.tool_calls,
       m.created_at
  FROM read.messages m
  LEFT JOIN LATERAL (
       SELECT coalesce(sum(length(part ->> 'content')) FILTER (WHERE part ->> 'kind' = 'text'), 0)::bigint
                  AS characters,
              coalesce(sum(length(part ->> 'content')) FILTER (WHERE part ->> 'kind' = 'reasoning'), 0)::bigint
                  AS reasoning_characters,
              count(*) FILTER (WHERE part ->> 'kind' = 'tool_call') AS tool_calls
         FROM jsonb_array_elements(m.parts) AS part) said ON true;

COMMENT ON VIEW analytics.messages IS 'What people wrote and what was answered, one row each, without the text (see message_texts). Users choose the ids of their messages: join by thread_id and message_id.';
COMMENT ON COLUMN analytics.messages.message_id IS 'unique within its thread; an answer has the id of its completion';
COMMENT ON COLUMN analytics.messages.thread_id IS 'the conversation';
COMMENT ON COLUMN analytics.messages.position IS 'of the event that made it: its place in the log';
COMMENT ON COLUMN analytics.messages.user_id IS 'the owner of the thread';
COMMENT ON COLUMN analytics.messages.parent_message_id IS 'the message that it follows; NULL: it begins the thread, or waits';
COMMENT ON COLUMN analytics.messages.completion_id IS 'the completion that wrote it or that answers it';
COMMENT ON COLUMN analytics.messages.role IS 'user or assistant';
COMMENT ON COLUMN analytics.messages.status IS 'delivered; queued while it waits for its turn; withdrawn';
COMMENT ON COLUMN analytics.messages.characters IS 'length of its text';
COMMENT ON COLUMN analytics.messages.reasoning_characters IS 'length of the reasoning that the model showed';
COMMENT ON COLUMN analytics.messages.tool_calls IS 'tools that the model asked for in it';
COMMENT ON COLUMN analytics.messages.created_at IS 'when it was written, or the answer began';
