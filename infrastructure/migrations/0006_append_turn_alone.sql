-- The append function leaves the advisory lock: the turn at its table orders appends alone.
--
-- A file of its own, because calls that began earlier go on with the function as it was. Those from
-- before 0005 know the advisory lock only; this waits behind all of them, and those that come after
-- take the turn as well. With one file two appends could be at work at once, and the later one be
-- refused by the unique position.

SELECT pg_advisory_xact_lock(hashtextextended('threadlog.chat_events_append', 0));

DO $$
DECLARE
    old  CONSTANT text := $t$PERFORM pg_advisory_xact_lock(hashtextextended('threadlog.chat_events_append', 0)); LOCK $t$;
    body CONSTANT text := pg_get_functiondef('threadlog.chat_events_append'::regproc);
BEGIN
    IF array_length(string_to_array(body, old), 1) <> 2 THEN
        RAISE EXCEPTION 'the append function is not the one of 0005_append_turn.sql';
    END IF;
    EXECUTE replace(body, old, 'LOCK ');
END $$;
