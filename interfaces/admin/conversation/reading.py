"""A conversation from the log, as it stood at any moment."""

import asyncio
from uuid import UUID

from application.audit.moments import Moment
from infrastructure.audit.log import AuditedLog
from infrastructure.audit.so_far import events_so_far
from interfaces.admin.conversation.conversation import Conversation

AT_ONCE = 2000  # events that are folded before others have their turn


async def conversation_at(
    log: AuditedLog, thread_id: UUID, moment: Moment | None = None
) -> Conversation:
    """How the thread stood after the last event at or before the moment; None: now.

    Raises ThreadNotFound, ThreadNotStartedThen, PositionIsAhead, TimeIsAhead
    and EventCannotBeApplied. Safe to repeat.
    """
    conversation = Conversation(thread_id)
    events = await events_so_far(log, thread_id, moment)
    for number, recorded in enumerate(events, start=1):
        conversation.apply(recorded)
        if number % AT_ONCE == 0:
            await asyncio.sleep(0)
    return conversation
