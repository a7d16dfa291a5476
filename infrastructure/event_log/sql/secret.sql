-- The secret $1 of this installation, which never changes.
SELECT secret FROM threadlog.secrets WHERE name = $1
