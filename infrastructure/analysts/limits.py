"""What bounds an analyst's session: settings of the login, which may be lifted, and the watch."""

STATEMENT_SECONDS = 60
IDLE_IN_TRANSACTION_SECONDS = 60
TRANSACTION_SECONDS = 300  # only the watch knows it: old transactions keep vacuum from its work
LOCK_SECONDS = 5
CONNECTIONS = 5
TEMP_FILE_BYTES = 10 * 2**30
NOTIFICATIONS_SHARE = 0.1  # of their queue, which appends need as well
GRACE_SECONDS = 5  # before the watch ends what the settings should have

SETTINGS = {
    "statement_timeout": f"{STATEMENT_SECONDS}s",
    "lock_timeout": f"{LOCK_SECONDS}s",
    "idle_in_transaction_session_timeout": f"{IDLE_IN_TRANSACTION_SECONDS}s",
    "default_transaction_read_only": "on",
    "search_path": "analytics",
    "timezone": "UTC",
}
