-- How many runs are open, how many of them no worker has claimed, and the position of the oldest
-- unclaimed and the oldest open one; NULL for none.
SELECT count(*), count(*) FILTER (WHERE worker_id IS NULL AND NOT waiting),
       min(position) FILTER (WHERE worker_id IS NULL AND NOT waiting), min(position)
  FROM threadlog.open_runs
