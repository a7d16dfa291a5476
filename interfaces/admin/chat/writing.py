"""Who may write in a conversation, on pages."""

from application.commands.context import Principal
from domain.thread import Thread
from interfaces.admin.access import may_open


def may_write(thread: Thread, *, by: Principal) -> bool:
    """Others only read, auditors for one."""
    return thread.owner_id == by.user_id and may_open(by.role, "send_message")
