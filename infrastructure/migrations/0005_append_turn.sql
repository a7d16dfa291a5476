-- Who appends takes a turn, and a turn is a lock on a table that belongs to the log: an advisory lock
-- may be taken, and held, by every login of the database, an analyst's too. From here on the append
-- function takes both; 0006_append_turn_alone.sql says why there are two files.
--
-- SHARE UPDATE EXCLUSIVE keeps out its own kind alone, and is the strongest mode that other backends'
-- short cut for weak locks need not be looked through for. The table stays empty: no vacuum holds it.

CREATE TABLE threadlog.append_turn ();

DO $$
DECLARE
    old  CONSTANT text := $t$PERFORM pg_advisory_xact_lock(hashtextextended('threadlog.chat_events_append', 0));$t$;
    turn CONSTANT text := 'LOCK TABLE ONLY threadlog.append_turn IN SHARE UPDATE EXCLUSIVE MODE;';
    body CONSTANT text := pg_get_functiondef('threadlog.chat_events_append'::regproc);
BEGIN
    IF array_length(string_to_array(body, old), 1) <> 2 THEN
        RAISE EXCEPTION 'the append function is not the one of 0003_results_from_outside.sql';
    END IF;
    EXECUTE replace(body, old, old || ' ' || turn);
END $$;
