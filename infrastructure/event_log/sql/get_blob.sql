-- The content $2 of owner $1.
SELECT content FROM threadlog.blobs WHERE owner_id = $1 AND sha256 = $2
