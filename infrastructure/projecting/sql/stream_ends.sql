-- The last version of each of the streams $1; NULL for one that has not begun.
SELECT s.id,
       (SELECT e.originator_version FROM threadlog.chat_events e
         WHERE e.originator_id = s.id ORDER BY e.originator_version DESC LIMIT 1)
  FROM unnest($1::uuid[]) AS s(id)
