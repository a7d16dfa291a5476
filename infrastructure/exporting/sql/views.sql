-- The views of the schema `analytics` whose rows belong to a thread, with their columns in order.
-- `threads` is one by its id.
SELECT c.relname AS view, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type
  FROM pg_class c
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relnamespace = to_regnamespace('analytics') AND c.relkind IN ('v', 'm', 'r')
   AND EXISTS (SELECT FROM pg_attribute k
                WHERE k.attrelid = c.oid AND k.attnum > 0 AND NOT k.attisdropped
                  AND k.atttypid = 'uuid'::regtype
                  AND (k.attname = 'thread_id' OR c.relname = 'threads' AND k.attname = 'id'))
 ORDER BY c.relname, a.attnum
