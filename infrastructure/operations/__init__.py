"""What operators ask PostgreSQL itself: how large the log is, and who holds which run."""
