-- The log's last position, and bytes on disk: of its table with all indexes, of the blobs beside
-- it, and of the read models with what is kept for going back.
SELECT coalesce((SELECT max(notification_id) FROM threadlog.chat_events), 0),
       pg_total_relation_size('threadlog.chat_events'),
       pg_total_relation_size('threadlog.blobs'),
       (SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint
          FROM pg_class c
         WHERE c.relkind = 'r'
           AND c.relnamespace = ANY (ARRAY(SELECT oid FROM pg_namespace
                                            WHERE nspname IN ('read_blue', 'read_green'))))
