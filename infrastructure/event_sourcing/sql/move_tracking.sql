-- Moves follower $1 of application $2 forward to position $3; no row when it is there already.
INSERT INTO eventsourcing.tracking AS t (follower, application_name, notification_id)
VALUES ($1, $2, $3)
    ON CONFLICT (follower, application_name)
    DO UPDATE SET notification_id = excluded.notification_id
    WHERE t.notification_id < excluded.notification_id
RETURNING notification_id
