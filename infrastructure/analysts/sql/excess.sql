-- What the login $1 may do beyond reading `analytics`: one row with a sentence for each, in order.
SELECT 'may make temporary tables'
 WHERE has_database_privilege($1, current_database(), 'TEMPORARY')
UNION ALL
SELECT 'may create objects in the schema ' || nspname
  FROM pg_namespace
 WHERE nspname !~ '^pg_(toast|temp)' AND has_schema_privilege($1, oid, 'CREATE')
UNION ALL
SELECT 'may use ' || c.oid::regclass
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f')
   AND n.nspname NOT IN ('analytics', 'pg_catalog', 'information_schema') AND n.nspname !~ '^pg_toast'
   AND has_schema_privilege($1, n.oid, 'USAGE')
   AND has_table_privilege($1, c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')
UNION ALL
SELECT 'may hold advisory locks'
 WHERE has_function_privilege($1, 'pg_advisory_lock(bigint)', 'EXECUTE')
UNION ALL
SELECT 'may write large objects'
 WHERE has_function_privilege($1, 'lo_from_bytea(oid, bytea)', 'EXECUTE')
UNION ALL
SELECT 'may leave prepared transactions, whose locks nobody ends'
 WHERE current_setting('max_prepared_transactions')::int > 0
UNION ALL
SELECT 'may fill the disk with temporary files'
 WHERE NOT EXISTS (SELECT FROM pg_roles, unnest(rolconfig) AS setting
                    WHERE rolname = $1 AND setting LIKE 'temp_file_limit=%')
UNION ALL
SELECT 'may connect to the database ' || quote_ident(datname)
  FROM pg_database
 WHERE datallowconn AND datname <> current_database() AND has_database_privilege($1, oid, 'CONNECT')
