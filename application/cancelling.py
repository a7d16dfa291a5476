"""The end of a cancelled answer that no worker ends: from the log, in one append."""

from collections.abc import Sequence

from application.transcript import Transcript
from application.turns import Turns
from domain.completion import Completion
from domain.completion_events import CompletionCancelled, CompletionEvent
from domain.recorded import Recorded


async def end_cancelled(
    turns: Turns,
    completion: Completion,
    events: Sequence[Recorded[CompletionEvent]],
    *,
    actor: str,
    reason: str | None = None,
    wait_seconds: float | None = None,
) -> int:
    """Keep what has been said, answer what was called, end the completion and its turn.

    `events` are all of its stream, chunks among them; `reason` counts where nobody has asked for
    the end before. Returns the last position. Raises StreamConflict when the completion is not at
    its version any more: somebody else has claimed or ended it.
    """
    asked = completion.request_cancel(reason)
    why = reason if asked else completion.cancel_reason
    transcript = Transcript.of(events)
    partial = transcript.interrupted_message(completion.attempt)
    cancelled = CompletionCancelled(completion.attempt, transcript.answer(), why)
    missing = transcript.missing_results(completion.attempt)
    return await turns.end(
        completion,
        events=[*asked, *missing, *partial, cancelled],
        outcome="cancelled",
        answered=transcript.answered or bool(partial),
        actor=actor,
        wait_seconds=wait_seconds,
    )
