"""The turn of a thread: given to one completion, given back with its ending, in one append."""

from collections.abc import Callable, Sequence
from typing import TypeAlias
from uuid import UUID

from application.ports import EventLog, StreamAppend, StreamConflict, WakeUp
from application.threads import Threads
from domain.completion import Completion
from domain.completion_events import CompletionEvent, CompletionRequested
from domain.execution import Execution
from domain.execution_events import ExecutionCancelled, ExecutionEvent
from domain.thread import Thread
from domain.thread_events import Outcome, ThreadCompletionRequested, ThreadEvent

Decide: TypeAlias = Callable[[Thread, frozenset[UUID]], Sequence[ThreadEvent] | None]


class Turns:
    """Ends what runs and begins what follows; the Thread stream is the only arbiter."""

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

        def decide(thread: Thread, taken: frozenset[UUID]) -> Sequence[ThreadEvent] | None:
            if not thread.gives_turn_to(completion.id):
                return None
            return thread.end_turn(completion.id, outcome=outcome, answered=answered, taken=taken)

        ending = StreamAppend(
            completion.id, completion.version, events, completion.thread_id, completion.owner_id
        )
        return await self._append(ending, decide, actor=actor, wait_seconds=wait_seconds)

    async def end_tool(
        self,
        execution: Execution,
        *,
        events: Sequence[ExecutionEvent],
        actor: str,
        wait_seconds: float | None = None,
    ) -> int:
        """Append the execution's last events, the last one terminal, and tell its thread.

        Returns the position of the last event of the whole append. Raises StreamConflict naming
        the execution when it is not at `execution.version` any more: somebody else has claimed,
        changed or ended it. What was cancelled is told of, but begins no answer.
        """
        dispatched = execution.dispatched
        stopped = isinstance(events[-1], ExecutionCancelled)  # then nobody asks for an answer

        def decide(thread: Thread, taken: frozenset[UUID]) -> Sequence[ThreadEvent]:
            return thread.arrive(
                execution.id,
                completion_id=dispatched.completion_id,
                continues=dispatched.continues and not stopped,
                taken=taken,
            )

        ending = StreamAppend(
            execution.id, execution.version, events, execution.thread_id, execution.owner_id
        )
        return await self._append(
            ending, decide, actor=actor, cause=str(execution.id), wait_seconds=wait_seconds
        )

    async def _append(
        self,
        ending: StreamAppend,
        decide: Decide,
        *,
        actor: str,
        cause: str | None = None,
        wait_seconds: float | None,
    ) -> int:
        """With what the thread decides, again after each conflict there; None: it is not so."""
        assert ending.thread_id is not None
        taken: frozenset[UUID] = frozenset()  # reserved completion ids that name something else
        thread = self._threads.known(ending.thread_id)  # a conflict tells if it is not so now
        while True:
            told = thread and decide(thread, taken)
            if thread is None or told is None:
                thread = await self._threads.get(ending.thread_id)
                told = decide(thread, taken)
            if told is None:
                raise StreamConflict({ending.stream_id: (ending.expected or 0) + 1})
            try:
                recorded = await self._log.append(
                    ending,
                    *turn_appends(thread, told),
                    actor=actor,
                    cause=cause,
                    wait_seconds=wait_seconds,
                )
            except StreamConflict as conflict:
                if ending.stream_id in conflict.streams and thread.id not in conflict.streams:
                    raise  # else a follow-up may have been decided on that is this very completion
                taken |= conflict.streams.keys() - {thread.id}
                thread = None
                continue
            for event in told:
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
