"""A worker process: its heartbeat, what it runs, and how it notices that another one has died."""
