"""Who works on the database directly: their name in the log, and the book of what they read."""

import getpass
import os
from datetime import UTC, datetime

from application.at_end import append_at_end
from application.ports import EventLog
from domain.account_events import AccessEvent
from domain.ids import access_stream


def actor() -> str:
    """`operator:` and the name, or at least the number, of the user of this machine."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = str(os.getuid())
    return f"operator:{name}"


async def record_access(log: EventLog, read: AccessEvent, *, wait_seconds: float) -> None:
    """What is about to be read or copied; durable when it returns.

    Raises LogUnavailable or OutcomeUnknown: nothing may be shown then.
    """
    reader, today = actor(), datetime.now(UTC).date().isoformat()
    stream_id = access_stream(reader, day=today)
    await append_at_end(log, stream_id, [read], actor=reader, wait_seconds=wait_seconds)
