-- Keeps content $4 of owner $1 under its sha256 $2; nothing happens when it is there.
INSERT INTO threadlog.blobs (owner_id, sha256, media_type, content) VALUES ($1, $2, $3, $4)
    ON CONFLICT (owner_id, sha256) DO NOTHING
