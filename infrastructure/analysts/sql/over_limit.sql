-- Ends the sessions of analysts that are over a limit, and answers who was at what for how long.
-- Times out: statements after :statement_seconds, idle transactions after :idle_seconds, any
-- transaction after :transaction_seconds, all sessions while notifications fill more than
-- :queue_share of their queue: a full one stops whoever notifies, appends too, and it fills while one
-- who listens is in a transaction. Nobody is told of a session whose login did not let
-- threadlog_projector see it: such logins were not made by `threadlog analyst create`.
WITH queue AS MATERIALIZED (  -- looked at once: it empties while sessions end
    SELECT pg_notification_queue_usage() AS used
), over AS (
    SELECT a.pid, a.usename,
           CASE WHEN a.state NOT LIKE 'idle%'
                     AND a.query_start < clock_timestamp() - make_interval(secs => :statement_seconds)
                THEN 'a statement'
                WHEN a.state LIKE 'idle in transaction%'
                     AND a.state_change < clock_timestamp() - make_interval(secs => :idle_seconds)
                THEN 'an idle transaction'
                WHEN a.xact_start < clock_timestamp() - make_interval(secs => :transaction_seconds)
                THEN 'a transaction'
                WHEN EXISTS (SELECT FROM pg_locks l WHERE l.pid = a.pid AND l.locktype = 'advisory')
                THEN 'an advisory lock'
                WHEN queue.used > :queue_share
                THEN 'a session beside too many notifications'
           END AS at_what,
           round(extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, a.query_start,
                                                               a.backend_start)))::int
               AS seconds
      FROM queue, pg_stat_activity a
      JOIN pg_auth_members m ON m.member = a.usesysid AND m.roleid = to_regrole('threadlog_analyst')
           AND m.inherit_option
     WHERE a.backend_type = 'client backend'
)
SELECT usename, at_what, seconds FROM over WHERE at_what IS NOT NULL AND pg_terminate_backend(pid)
