CREATE VIEW analytics.message_texts AS
SELECT m.id AS message_id,
       m.thread_id,
       m.position,
       m.user_id,
       m.role,
       (SELECT string_agg(part ->> 'content', E'\n\n' ORDER BY n)
          FROM jsonb_array_elements(m.parts) WITH ORDINALITY AS parts(part, n)
         WHERE part ->> 'kind' = 'text') AS text,
       m.created_at
  FROM read.messages m;

COMMENT ON VIEW analytics.message_texts IS 'The words of people and answers. Only for logins made with --texts.';
COMMENT ON COLUMN analytics.message_texts.message_id IS 'unique within its thread';
COMMENT ON COLUMN analytics.message_texts.thread_id IS 'the conversation';
COMMENT ON COLUMN analytics.message_texts.position IS 'of the event that made the message: its place in the log';
COMMENT ON COLUMN analytics.message_texts.user_id IS 'the owner of the thread';
COMMENT ON COLUMN analytics.message_texts.role IS 'user or assistant';
COMMENT ON COLUMN analytics.message_texts.text IS 'its text, parts separated by an empty line; NULL: it has none';
COMMENT ON COLUMN analytics.message_texts.created_at IS 'when it was written, or the answer began';

REVOKE ALL ON analytics.message_texts FROM threadlog_analyst;
GRANT SELECT ON analytics.message_texts TO threadlog_analyst_texts;
