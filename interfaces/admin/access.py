"""Who may open which page: role × page, by the name of the page's function."""

from collections.abc import Mapping

from domain.account_events import Role

# Whoever comes: what they show is decided behind it.
PUBLIC = frozenset(
    {"static_file", "sign_in_page", "sign_in", "sign_in_link_page", "sign_in_by_link"}
)
EVERYBODY = frozenset({"home", "missing_page", "sign_out"})
READ_CHAT = frozenset(
    {
        "chat_page",
        "conversation_page",
        "chat_stream",
        "answer_markdown",
        "completion_status",
        "open_tools",
    }
)
WRITE_CHAT = frozenset(
    {
        "conversations_beside",
        "start_conversation",
        "send_message",
        "stop_answer",
        "decide_approval",
        "withdraw_waiting",
        "stop_tool",
        "rename_conversation",
        "archive_conversation",
    }
)
INSIDE = frozenset(  # a conversation of one's own, or any with a reason
    {
        "thread_timeline",
        "timeline_news",
        "thread_event",
        "thread_moment",
        "moment_view",
        "thread_playback",
        "thread_replay",
        "thread_requests",
        "thread_request",
    }
)
AUDIT = frozenset(
    {"audit_page", "open_any_thread", "reason_page", "give_reason", "audit_feed", "audit_event"}
)
OPERATIONS = frozenset(
    {
        "operations_page",
        "operations_now",
        "operations_completions",
        "operations_completion",
        "operations_cancel_completion",
        "operations_tools",
        "operations_tool",
        "operations_cancel_tool",
        "operations_workers",
        "operations_projections",
        "operations_act_on_projection",
    }
)
USERS = frozenset(
    {
        "users_page",
        "new_user_page",
        "add_user",
        "user_page",
        "issue_user_key",
        "revoke_user_key_page",
        "revoke_user_key",
    }
)
READ_KEYS = frozenset({"keys_page"})
KEYS = READ_KEYS | {"issue_own_key", "revoke_own_key_page", "revoke_own_key"}
AGENTS = frozenset({"agents_page"})
WEBHOOKS = frozenset(
    {
        "webhooks_page",
        "new_webhook_page",
        "add_webhook",
        "webhook_page",
        "edit_webhook_page",
        "edit_webhook",
        "delete_webhook_page",
        "remove_webhook",
        "pause_webhook",
        "resume_webhook",
        "retry_dead_letters",
        "replay_deliveries",
        "rotate_secret",
        "try_receiver",
    }
)

ALLOWED: Mapping[Role, frozenset[str]] = {
    "user": EVERYBODY | READ_CHAT | WRITE_CHAT | INSIDE | KEYS | AGENTS | WEBHOOKS,
    "auditor": EVERYBODY | READ_CHAT | INSIDE | AUDIT | READ_KEYS | AGENTS,
    "analyst": EVERYBODY | KEYS,
    "admin": EVERYBODY
    | READ_CHAT
    | WRITE_CHAT
    | INSIDE
    | KEYS
    | AGENTS
    | WEBHOOKS
    | OPERATIONS
    | USERS,
}


def may_open(role: Role, page: str) -> bool:
    """May this role open the page at all? Whose things it shows is decided behind it."""
    return page in ALLOWED[role]
