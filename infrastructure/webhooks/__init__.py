"""Webhooks: follow the log and deliver its events to addresses of other people."""
