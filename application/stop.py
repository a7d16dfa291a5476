"""Why a run stops before its own end."""

from enum import Enum


class Stop(Enum):
    """Why a journal takes no more."""

    CANCELLED = "cancelled"  # somebody asked for it; only the closing append may follow
    FENCED = "fenced"  # the completion is not ours any more; nothing may follow
    HANDED_OVER = "handed over"  # we gave it back; nothing may follow
    BROKEN = "broken"  # our own events were refused for no reason that the stream tells


NOTHING_FOLLOWS = (Stop.FENCED, Stop.HANDED_OVER)


class JournalStopped(Exception):
    """The run has been stopped; nothing more can be recorded."""
