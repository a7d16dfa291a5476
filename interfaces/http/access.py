"""Who may call what: role × route. What is not in the table is refused."""

from collections.abc import Mapping

from domain.account_events import Role

# Routes bear the names of their functions.
PUBLIC = frozenset({"live", "ready", "metrics", "openapi", "reference"})
BY_RESULT_TOKEN = frozenset({"deliver_result"})  # of no role: the token alone counts
READS = frozenset(
    {
        "list_threads",
        "count_threads",
        "get_thread",
        "list_messages",
        "list_completions",
        "get_completion",
        "list_tool_executions",
        "get_tool_execution",
        "get_events",
        "get_own_events",
        "search",
    }
)
WRITES = frozenset(
    {
        "start_thread",
        "rename_thread",
        "archive_thread",
        "post_message",
        "withdraw_message",
        "cancel_completion",
        "answer_approval",
        "cancel_tool_execution",
    }
)
AUDITS = frozenset({"audit_thread", "audit_diff", "audit_replay", "audit_requests", "audit_events"})
KEYS = frozenset({"list_keys", "issue_key", "revoke_key", "issue_sign_in_link"})
WEBHOOKS = frozenset(
    {
        "create_webhook",
        "list_webhooks",
        "get_webhook",
        "change_webhook",
        "delete_webhook",
        "list_deliveries",
        "replay_webhook",
        "retry_webhook",
        "rotate_webhook_secret",
        "try_webhook",
    }
)

ALLOWED: Mapping[Role, frozenset[str]] = {
    "user": READS | WRITES | KEYS | WEBHOOKS | {"list_agents"},
    "auditor": READS | AUDITS | {"list_agents", "list_keys", "issue_sign_in_link"},
    "analyst": KEYS,
    "admin": READS | WRITES | KEYS | WEBHOOKS | {"list_agents"},
}


def is_allowed(role: Role, route: str) -> bool:
    """May this role call the route at all? Whose things it may touch is decided behind it."""
    return route in ALLOWED[role]
