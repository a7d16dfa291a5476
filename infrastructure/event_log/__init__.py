"""The append-only log on PostgreSQL: one call per batch, reads by stream, thread and position."""
