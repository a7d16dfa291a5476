CREATE VIEW analytics.threads AS
SELECT t.id AS thread_id,
       t.position,
       t.user_id,
       t.agent,
       t.message_count AS messages,
       t.archived,
       t.active_completion_id IS NOT NULL AS answering,
       t.created_at,
       t.updated_at AS last_activity_at
  FROM read.threads t;

COMMENT ON VIEW analytics.threads IS 'Conversations, one row each. Titles and metadata are people''s own words and are left out.';
COMMENT ON COLUMN analytics.threads.thread_id IS 'the conversation';
COMMENT ON COLUMN analytics.threads.position IS 'of the event that began it: its place in the log';
COMMENT ON COLUMN analytics.threads.user_id IS 'its owner';
COMMENT ON COLUMN analytics.threads.agent IS 'who answers in it';
COMMENT ON COLUMN analytics.threads.messages IS 'messages and answers in its tree, all branches';
COMMENT ON COLUMN analytics.threads.archived IS 'it takes no more messages';
COMMENT ON COLUMN analytics.threads.answering IS 'an answer is under way, or waits for a person';
COMMENT ON COLUMN analytics.threads.created_at IS 'when it began';
COMMENT ON COLUMN analytics.threads.last_activity_at IS 'when something last happened in it';
