"""Claims: how a worker takes a completion, and how one that nobody can finish is ended."""

from collections.abc import Awaitable, Callable, Set
from typing import cast
from uuid import UUID

from application.cancelling import end_cancelled
from application.commands.completions import append_events, fold_completion
from application.ports import EventLog, StreamConflict
from application.transcript import Transcript
from application.turns import Turns
from domain.completion import Completion
from domain.completion_events import (
    CompletionEvent,
    CompletionFailed,
    CompletionInterrupted,
    CompletionRequested,
    InterruptReason,
)
from domain.recorded import Recorded

LOST = "The worker that was answering went away, time and again."
Events = list[Recorded[CompletionEvent]]


class Claims:
    """Takes completions for one worker process."""

    def __init__(
        self,
        log: EventLog,
        *,
        turns: Turns,
        worker_id: UUID,
        is_unclaimed: Callable[[UUID], Awaitable[bool]],
    ) -> None:
        self._log = log
        self._turns = turns
        self._is_unclaimed = is_unclaimed
        self._worker_id = worker_id
        self._actor = f"worker:{worker_id}"

    async def claim(
        self,
        completion_id: UUID,
        *,
        dead: Set[UUID] = frozenset(),
        meanwhile: Callable[[Completion], None] = lambda _: None,
    ) -> Completion | None:
        """The completion as this worker's own; None: ended, or somebody holds it who is not `dead`.

        Who holds it is asked after the stream was read: whoever claims later moves the version.
        `meanwhile` is called with what is about to be claimed, and may begin what does no harm.
        """
        events = await self._read(completion_id)
        if events is None:
            return None
        completion = fold_completion(events)
        if completion.ended or not await self._is_free(completion, dead):
            return None
        lost = completion.worker_id is not None and completion.worker_id in dead
        try:
            if completion.cancel_requested:
                await end_cancelled(self._turns, completion, events, actor=self._actor)
                return None
            if lost and completion.attempts_used_up:
                await self._give_up(completion, events)
                return None
            meanwhile(completion)
            return await self._take(completion, lost=lost)
        except StreamConflict:
            return None

    async def _is_free(self, completion: Completion, dead: Set[UUID]) -> bool:
        if completion.worker_id is None:
            return completion.status == "pending"
        return completion.worker_id in dead or await self._is_unclaimed(completion.id)

    async def end_cancelled(self, completion_id: UUID) -> None:
        """End from the log what was cancelled and has no worker that ends it. Safe to repeat."""
        events = await self._read(completion_id)
        completion = fold_completion(events) if events else None
        if events and completion and completion.cancel_requested and not completion.ended:
            try:
                await end_cancelled(self._turns, completion, events, actor=self._actor)
            except StreamConflict:
                return  # its worker was quicker after all

    async def _read(self, completion_id: UUID) -> Events | None:
        events = await self._log.read_stream(completion_id)
        if not events or not isinstance(events[0].event, CompletionRequested):
            return None
        return cast("Events", events)

    async def _take(self, completion: Completion, *, lost: bool) -> Completion:
        after: InterruptReason | None = None
        if completion.worker_id is not None:
            after = "worker_lost" if lost else "handed_over"
        claim = completion.claim(self._worker_id, after=after)
        return await append_events(self._log, completion, claim, actor=self._actor)

    async def _give_up(self, completion: Completion, events: Events) -> None:
        """What the steps that count have said stays."""
        attempt = completion.attempt
        missing = Transcript.of(events).missing_results(attempt + 1)  # they may have been done
        kept = [one for one in events if one.position <= completion.kept_through]
        said = Transcript.of(kept)
        interrupted = CompletionInterrupted(attempt, completion.kept_through, "worker_lost")
        failed = CompletionFailed(attempt, "worker_lost", LOST, said.answer(), retryable=True)
        await self._turns.end(
            completion,
            events=[interrupted, *missing, failed],
            outcome="failed",
            answered=said.answered,
            actor=self._actor,
        )
