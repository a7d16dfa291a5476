"""What a thread's log says of its messages: who had the turn when, and what became of each."""

from collections.abc import Sequence
from uuid import UUID

from application.ports import AnyRecorded
from domain.completion_events import (
    CompletionCancelled,
    CompletionFailed,
    CompletionFinished,
    CompletionRequested,
    InputTaken,
)
from domain.thread_events import (
    MessageAdded,
    MessageDelivered,
    MessageQueued,
    QueueMode,
    ThreadCompletionRequested,
)

ENDINGS = CompletionFinished | CompletionFailed | CompletionCancelled


def most_at_once(events: Sequence[AnyRecorded]) -> int:
    """How many completions were requested and had not ended, at most."""
    most = running = 0
    for one in events:
        if isinstance(one.event, CompletionRequested):
            running += 1
        elif isinstance(one.event, ENDINGS):
            running -= 1
        most = max(most, running)
    return most


def fates(events: Sequence[AnyRecorded]) -> dict[UUID, str]:
    """How the answer ended that each message asked for or was taken in by; in order of delivery."""
    ended = {
        one.stream_id: type(one.event).__name__.removeprefix("Completion").lower()
        for one in events
        if isinstance(one.event, ENDINGS)
    }
    answers: dict[UUID, UUID] = {}
    for one in events:
        match one.event:
            case InputTaken(message_ids=taken):
                answers |= dict.fromkeys(taken, one.stream_id)
            case ThreadCompletionRequested():
                assert one.event.message_id not in answers
                answers[one.event.message_id] = one.event.completion_id
            case _:
                pass
    return {message: ended.get(completion, "open") for message, completion in answers.items()}


def queued(events: Sequence[AnyRecorded], *modes: QueueMode) -> list[UUID]:
    """Messages that had to wait, in the order of their coming."""
    waited = [one.event for one in events if isinstance(one.event, MessageQueued)]
    return [one.message_id for one in waited if one.mode in modes]


def delivered(events: Sequence[AnyRecorded], *, among: Sequence[UUID]) -> list[UUID]:
    """Those of the messages that were delivered, in that order."""
    came = [one.event for one in events if isinstance(one.event, MessageDelivered | MessageAdded)]
    return [one.message_id for one in came if one.message_id in among]


def passed_over(events: Sequence[AnyRecorded]) -> list[UUID]:
    """Messages that interrupt and waited while the turn went to one that does not."""
    interrupting: list[UUID] = []
    passed: list[UUID] = []
    for one in events:
        match one.event:
            case MessageQueued(mode="interrupt"):
                interrupting.append(one.event.message_id)
            case ThreadCompletionRequested(message_id=message) if message in interrupting:
                interrupting.remove(message)
            case ThreadCompletionRequested():
                passed += interrupting
            case _:
                pass
    return passed
