"""What a message tells the answer that is under way: to stop, or that nobody will be asked."""

from collections.abc import Sequence
from typing import Literal

from application.commands.approvals import deny_open
from application.commands.completions import (
    CancelCompletion,
    cancel_completion,
    load_completion,
)
from application.commands.context import COMMAND_WAIT_SECONDS, Application, Principal
from application.ports import StreamAppend
from domain.thread import Thread
from domain.thread_events import MessageQueued, ThreadEvent

INTERRUPTED = "Another message interrupted the answer."


async def told_with(
    app: Application, thread: Thread, events: Sequence[ThreadEvent]
) -> list[StreamAppend]:
    """What the running completion is told in the same append as these events of its thread."""
    mode = _mode(events)
    if thread.turn is None or mode is None:
        return []
    completion = await load_completion(app.log, thread.turn.completion_id)
    assert completion is not None
    if mode == "interrupt":
        told, expected = completion.request_cancel(INTERRUPTED), None
    else:
        told, expected = completion.deny_open(), completion.version
    if not told:
        return []
    return [StreamAppend(completion.id, expected, told, completion.thread_id, completion.owner_id)]


async def told_after(
    app: Application,
    thread: Thread,
    events: Sequence[ThreadEvent],
    *,
    told: Sequence[StreamAppend],
    by: Principal,
) -> None:
    """What follows from that append.

    A completion may have begun to wait for a person after it was looked at: it is told now.
    """
    mode = _mode(events)
    if thread.turn is None or mode is None:
        return
    completion_id = thread.turn.completion_id
    if mode == "interrupt":
        cancel = CancelCompletion(by, completion_id, reason=INTERRUPTED, tools=False)
        await cancel_completion(app, cancel)
        return
    if told:
        await app.wake_up.completion(completion_id)
        return
    await deny_open(
        app.log,
        completion_id,
        wake_up=app.wake_up,
        actor=by.actor,
        wait_seconds=COMMAND_WAIT_SECONDS,
    )


def _mode(events: Sequence[ThreadEvent]) -> Literal["steer", "interrupt"] | None:
    """What becomes of the running answer; None: nothing, the message waits for its end."""
    for event in events:
        if isinstance(event, MessageQueued):
            if event.mode == "interrupt":
                return "interrupt"
            if event.mode == "steer" and event.parent_id is None:
                return "steer"
    return None
