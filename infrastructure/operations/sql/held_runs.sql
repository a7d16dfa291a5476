-- Runs that workers hold, the oldest first, at most $1.
SELECT worker_id, kind, stream_id, thread_id, cancel_requested
  FROM threadlog.open_runs
 WHERE worker_id IS NOT NULL
 ORDER BY position
 LIMIT $1
