-- Takes from PUBLIC, in this database, what an analyst could write, lock or flood with, and leaves it
-- to the roles of Threadlog. What a login may not take stays: excess.sql says so. Safe to repeat.
DO $$
DECLARE
    ours     CONSTANT text := 'threadlog_owner, threadlog_runtime, threadlog_projector';
    database CONSTANT text := quote_ident(current_database());
    routine  regprocedure;
BEGIN
    IF pg_has_role((SELECT datdba FROM pg_database WHERE datname = current_database()), 'USAGE') THEN
        EXECUTE format('REVOKE TEMPORARY ON DATABASE %s FROM PUBLIC', database);
        EXECUTE format('GRANT TEMPORARY ON DATABASE %s TO %s', database, ours);
        EXECUTE format('GRANT CONNECT ON DATABASE %s TO threadlog_analyst', database);
    END IF;
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        RETURN;
    END IF;
    REVOKE CREATE ON SCHEMA public FROM PUBLIC;
    FOR routine IN
        SELECT p.oid FROM pg_proc p
         WHERE p.pronamespace = 'pg_catalog'::regnamespace
           AND (p.proname ~ '^pg_(try_)?advisory_'
                OR p.proname IN ('pg_notify', 'pg_logical_emit_message')
                OR p.proname ~ '^lo_' OR p.proname IN ('loread', 'lowrite'))
           AND has_function_privilege('public', p.oid, 'EXECUTE')
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', routine);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s', routine, ours);
    END LOOP;
END $$;
