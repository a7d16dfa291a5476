-- Roles and schemas. Run before the numbered files, every time, because roles belong to the server
-- and not to the database: a dump that is restored elsewhere finds them again. Safe to repeat.
--
--   threadlog_owner      owns the schema `threadlog`; nobody logs in as it, only migrations take it
--   threadlog_runtime    API and workers: appends through one function, reads the log
--   threadlog_projector  reads the log, owns the schemas `read…` and `analytics`
--   threadlog_analyst    reads the schema `analytics` and nothing else; what people wrote only as
--   threadlog_analyst_texts

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['threadlog_owner', 'threadlog_runtime', 'threadlog_projector',
                                'threadlog_analyst', 'threadlog_analyst_texts']
    LOOP
        IF to_regrole(name) IS NULL THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', name);
        END IF;
    END LOOP;
    -- Who runs this makes objects on behalf of these two.
    FOREACH name IN ARRAY ARRAY['threadlog_owner', 'threadlog_projector'] LOOP
        IF NOT pg_has_role(session_user, name, 'SET') THEN
            EXECUTE format('GRANT %I TO %I', name, session_user);
        END IF;
    END LOOP;
    IF to_regnamespace('threadlog') IS NULL THEN
        CREATE SCHEMA threadlog AUTHORIZATION threadlog_owner;
    END IF;
    -- Readers see `read`, views over one of two copies; `read_aside` is for comparing them.
    FOREACH name IN ARRAY ARRAY['read', 'read_blue', 'read_green', 'read_aside', 'analytics'] LOOP
        IF to_regnamespace(name) IS NULL THEN
            EXECUTE format('CREATE SCHEMA %I AUTHORIZATION threadlog_projector', name);
        END IF;
    END LOOP;
END $$;

SET LOCAL ROLE threadlog_owner;
GRANT USAGE ON SCHEMA threadlog TO threadlog_runtime, threadlog_projector;
CREATE TABLE IF NOT EXISTS threadlog.migrations (
    name       text PRIMARY KEY,
    sha256     text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
GRANT SELECT ON threadlog.migrations TO threadlog_runtime, threadlog_projector;

SET LOCAL ROLE threadlog_projector;
GRANT USAGE ON SCHEMA read TO threadlog_runtime;
GRANT USAGE ON SCHEMA analytics TO threadlog_analyst, threadlog_analyst_texts;
ALTER DEFAULT PRIVILEGES IN SCHEMA read GRANT SELECT ON TABLES TO threadlog_runtime;
ALTER DEFAULT PRIVILEGES IN SCHEMA analytics GRANT SELECT ON TABLES TO threadlog_analyst;
