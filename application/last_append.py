"""The last append of an attempt: its ending, or its leave for a while."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeAlias

from application.closing import Closing
from application.commands.approvals import deny_if_steered
from application.commands.completions import append_events
from application.engine_parts import EngineParts
from application.journal import Journal
from application.ports import StreamConflict
from application.stop import NOTHING_FOLLOWS, JournalStopped, Stop
from domain.completion import Completion
from domain.thread_events import Outcome

logger = logging.getLogger(__name__)

# An append that stands behind a stale one of its stream is refused with it: it may be tried again.
MOST_REFUSALS = 3

Ending: TypeAlias = Outcome | Literal["waiting", "fenced", "handed_over"]
Tell: TypeAlias = Callable[[], Awaitable[Closing]]


@dataclass(frozen=True)
class Again:
    """The model was in trouble; the next attempt is claimed and begins after a pause."""

    completion: Completion
    pause_seconds: float


class LastAppend:
    """Of one attempt."""

    def __init__(self, parts: EngineParts, journal: Journal, *, actor: str) -> None:
        self._parts = parts
        self._journal = journal
        self._actor = actor
        self.defective = False  # has an ending been refused for what it is?

    async def append(self, tell: Tell) -> Ending | Again:
        """What `tell` says. After a conflict a stranger was quicker: look who, ask again."""
        journal, refusals = self._journal, 0
        while True:
            await journal.settle()
            if journal.stopped in NOTHING_FOLLOWS:
                return self.left()
            before = journal.version, journal.stopped
            closing = await tell()
            completion = journal.completion
            try:
                return await journal.insist(partial(self._append, closing, completion=completion))
            except StreamConflict:
                await journal.look()
                unmoved = before == (journal.version, journal.stopped)
                refusals = refusals + 1 if unmoved else 0
                if refusals == MOST_REFUSALS:
                    logger.exception("completion %s: nobody was quicker", completion.id)
                    journal.stop(Stop.FENCED)
            except JournalStopped:
                raise
            except Exception:
                if self.defective:
                    raise
                logger.exception("completion %s: its ending is not accepted", completion.id)
                self.defective = True

    def left(self) -> Ending:
        """Where nothing was appended."""
        return "handed_over" if self._journal.stopped is Stop.HANDED_OVER else "fenced"

    async def _append(self, closing: Closing, *, completion: Completion) -> Ending | Again:
        if closing.outcome in ("waiting", "again"):
            return await self._pause(closing, completion=completion)
        await self._parts.turns.end(
            completion,
            events=closing.events,
            outcome=closing.outcome,
            answered=closing.answered,
            actor=self._actor,
        )
        return closing.outcome

    async def _pause(self, closing: Closing, *, completion: Completion) -> Ending | Again:
        """The turn stays ours."""
        log = self._parts.log
        after = await append_events(log, completion, closing.events, actor=self._actor)
        if closing.outcome == "waiting":
            await self._deny_if_steered(completion)
            return "waiting"
        return Again(after, closing.pause_seconds)

    async def _deny_if_steered(self, completion: Completion) -> None:
        """Who writes while nothing waits for an approval yet cannot know what to deny."""
        log, threads = self._parts.log, self._parts.threads
        deny = partial(deny_if_steered, log, threads, completion.id, actor=self._actor)
        await self._journal.insist(deny)
