-- What is not as the migrations made it: the log is read, and appended to by one function alone.
-- One row with a sentence for each fault; none when all is well.
SELECT role || ' may ' || action
  FROM unnest(ARRAY['threadlog_runtime', 'threadlog_projector', 'threadlog_analyst']) AS role,
       unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) AS action
 WHERE has_table_privilege(role, 'threadlog.chat_events', action)
UNION ALL
SELECT 'the append-only trigger is off'
 WHERE NOT EXISTS (SELECT FROM pg_trigger
                    WHERE tgrelid = 'threadlog.chat_events'::regclass
                      AND tgname = 'append_only' AND tgenabled = 'A')
UNION ALL
SELECT 'threadlog_runtime may not append'
 WHERE NOT has_function_privilege('threadlog_runtime',
                                  to_regproc('threadlog.chat_events_append')::oid, 'EXECUTE')
UNION ALL
SELECT 'threadlog_runtime may not read'
 WHERE NOT has_table_privilege('threadlog_runtime', 'threadlog.chat_events', 'SELECT')
