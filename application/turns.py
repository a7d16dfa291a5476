"""The turn of a thread: given to one completion, given back with its ending, in one append."""

from collections.abc import Sequence
from uuid import UUID

from application.ports import EventLog, StreamAppend, StreamConflict, WakeUp
from application.threads import Threads
from domain.completion import Completion
from domain.completion_events import CompletionEvent, CompletionRequested
from domain.thread import Thread
from domain.thread_events import Outcome, ThreadCompletionRequested, ThreadEvent


class Turns:
    """Ends turns and begins the next ones; the Thread stream is the only arbiter."""

    def __init__(self, log: EventLog, *, threads: Threads, wake_up: WakeUp) -> None:
        self._log = log
        self._threads = threads
        self._wake_up = wake_up

    async def end(
        self,
        completion: Completion,
        *,
        events: Sequence[CompletionEvent],
        outcome: Outcome,
        answered: bool,
        actor: str,
        wait_seconds: float | None = None,
    ) -> int:
        """Append the closing events, the last one terminal, and pass the turn on.

        Returns the position of the last event. Raises StreamConflict naming the completion when
        it is not at `completion.version` any more: somebody else has claimed or ended it.
        """
        taken: frozenset[UUID] = frozenset()  # reserved completion ids that name something else
        thread = self._threads.known(completion.thread_id)  # a conflict tells if it is not so now
        while True:
            if thread is None or not thread.gives_turn_to(completion.id):
                thread = await self._threads.get(completion.thread_id)
            if not thread.gives_turn_to(completion.id):
                raise StreamConflict({completion.id: completion.version + 1})
            turn = thread.end_turn(completion.id, outcome=outcome, answered=answered, taken=taken)
            try:
                recorded = await self._log.append(
                    StreamAppend(
                        completion.id, completion.version, events, thread.id, thread.owner_id
                    ),
                    *turn_appends(thread, turn),
                    actor=actor,
                    wait_seconds=wait_seconds,
                )
            except StreamConflict as conflict:
                if completion.id in conflict.streams and thread.id not in conflict.streams:
                    raise  # else a follow-up may have been decided on that is this very completion
                taken |= conflict.streams.keys() - {thread.id}
                thread = None
                continue
            for event in turn:
                if isinstance(event, ThreadCompletionRequested):
                    await self._wake_up.completion(event.completion_id)
            return recorded[-1].position


def turn_appends(thread: Thread, events: Sequence[ThreadEvent]) -> list[StreamAppend]:
    """The thread's events and, where they give the turn to a completion, that one's beginning."""
    appends = [StreamAppend(thread.id, thread.version, events, thread.id, thread.owner_id)]
    for event in events:
        if isinstance(event, ThreadCompletionRequested):
            requested = CompletionRequested(thread.id, event.message_id, thread.agent)
            appends.append(
                StreamAppend(event.completion_id, 0, [requested], thread.id, thread.owner_id)
            )
    return appends
