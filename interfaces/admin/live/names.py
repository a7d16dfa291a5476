"""The names of all events that the live stream of a page sends, and that its connector hears."""

from typing import Literal, TypeAlias, get_args

EventName: TypeAlias = Literal[
    "connected",  # first of all
    "beat",  # nothing happened: scripts do not hear comments
    "reset",  # the whole conversation
    "swap",  # fragments that go where they say
    "open",  # text that is being written, again
    "more",  # more of it
    "close",  # some of it is as it will be
    "keep",  # what was shown of it is
    "ended",  # it is all there
    "say",  # a sentence for those who cannot see the page
    # A swap, named for what happened:
    "completed",
    "failed",
    "cancelled",
    "tool-started",
    "tool-completed",
    "tool-failed",
]
SSE_SWAP = ",".join(get_args(EventName))
