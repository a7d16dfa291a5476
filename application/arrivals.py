"""A background tool's ending and what it leads to in its thread, in one append."""

from collections.abc import Sequence
from uuid import UUID

from application.ports import EventLog, StreamAppend, StreamConflict, WakeUp
from application.threads import Threads
from application.turns import turn_appends
from domain.execution import Execution
from domain.execution_events import ExecutionCancelled, ExecutionEvent
from domain.thread_events import ThreadCompletionRequested


class Arrivals:
    """Ends executions; where nobody says anything in the thread, an answer follows by itself."""

    def __init__(self, log: EventLog, *, threads: Threads, wake_up: WakeUp) -> None:
        self._log = log
        self._threads = threads
        self._wake_up = wake_up

    async def end(
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
        continues = execution.dispatched.continues
        if isinstance(events[-1], ExecutionCancelled):
            continues = False  # who stops a tool does not ask for an answer to that
        taken: frozenset[UUID] = frozenset()  # ids of follow-ups that name something else
        thread = self._threads.known(execution.thread_id)  # a conflict tells if it is not so now
        while True:
            if thread is None:
                thread = await self._threads.get(execution.thread_id)
            arrival = thread.arrive(
                execution.id,
                completion_id=execution.dispatched.completion_id,
                continues=continues,
                taken=taken,
            )
            ending = StreamAppend(
                execution.id, execution.version, events, thread.id, thread.owner_id
            )
            try:
                recorded = await self._log.append(
                    ending,
                    *turn_appends(thread, arrival),
                    actor=actor,
                    cause=str(execution.id),
                    wait_seconds=wait_seconds,
                )
            except StreamConflict as conflict:
                if execution.id in conflict.streams:
                    raise
                taken |= conflict.streams.keys() - {thread.id}
                thread = None
                continue
            for event in arrival:
                if isinstance(event, ThreadCompletionRequested):
                    await self._wake_up.completion(event.completion_id)
            return recorded[-1].position
