-- Up to which position the tables of the read models $1 show the log; NULL: there are none.
SELECT min(position) FROM threadlog.projections WHERE active AND name = ANY ($1::text[])
