"""A conversation as it stood at a moment, and what the event before that moment changed."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from application.audit.difference import difference
from application.audit.moments import Moment
from application.audit.refusals import ThreadNotStartedThen
from infrastructure.audit.fold import standing
from infrastructure.audit.log import AuditedLog
from infrastructure.event_log.entry import LogEntry
from infrastructure.relay.frames import is_public
from interfaces.admin.conversation.reading import conversation_at
from interfaces.admin.conversation.shown import Shown
from interfaces.admin.inside.changes import Change, changes_of
from interfaces.admin.inside.event_rows import Who, told, who_of
from interfaces.admin.inside.words import words_of

HIDDEN_WORDS = "Something inside the server that is not shown to owners"


@dataclass(frozen=True)
class Playhead:
    """The event that a page has come to."""

    position: int
    at: datetime
    name: str
    words: str
    who: Who
    public: bool


@dataclass(frozen=True)
class Stood:
    """What the page of a moment shows."""

    shown: Shown
    playhead: Playhead
    changes: list[Change]


async def stood_at(
    log: AuditedLog, thread_id: UUID, moment: Moment | None, *, sees_all: bool, viewer: str
) -> Stood:
    """After the last event at or before the moment; None: now.

    Raises ThreadNotFound, ThreadNotStartedThen, PositionIsAhead, TimeIsAhead, EventCannotBeApplied
    and LogUnavailable.
    """
    conversation = await conversation_at(log, thread_id, moment)
    shown = Shown(conversation, read_only=True)
    await shown.typeset()
    position = conversation.position
    [entry] = await log.read_range(after=position - 1, through=position, topics=(), limit=1)
    playhead = playhead_of(entry, sees_all=sees_all, viewer=viewer)
    changes = await _changes(log, thread_id, position, sees_all=sees_all)
    return Stood(shown, playhead, changes)


def playhead_of(entry: LogEntry, *, sees_all: bool, viewer: str) -> Playhead:
    """The event, or that there was one where it is not for the reader."""
    envelope, public = told(entry), is_public(entry)
    is_told = sees_all or public
    return Playhead(
        position=entry.position,
        at=envelope.at,
        name=entry.name if is_told else "",
        words=words_of(entry.name, envelope.data) if is_told else HIDDEN_WORDS,
        who=who_of(envelope.actor, sees_all=sees_all, viewer=viewer),
        public=public,
    )


async def _changes(
    log: AuditedLog, thread_id: UUID, position: int, *, sees_all: bool
) -> list[Change]:
    """Nothing for the first event: with it, everything began."""
    try:
        before = await standing(log, thread_id, position - 1)
    except ThreadNotStartedThen:
        return []
    after = await standing(log, thread_id, position)
    return changes_of(difference(before, after), sees_all=sees_all)
