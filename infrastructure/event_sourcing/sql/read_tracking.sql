-- The position of follower $1 of application $2; no row when it has not begun.
SELECT notification_id FROM eventsourcing.tracking WHERE follower = $1 AND application_name = $2
