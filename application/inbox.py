"""The inbox of a running answer: what its thread has for the next request to the model."""

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from application.journal import Journal
from application.ports import AnyRecorded, EventLog, StreamAppend, StreamConflict
from application.threads import Threads
from application.told import Told, told_by
from domain.completion import Completion
from domain.completion_events import InputTaken
from domain.thread import Thread
from domain.thread_events import MessageDelivered, ResultDelivered


class Inbox:
    """Takes in what was steered and what background tools have brought, each once.

    `left` is what an earlier attempt took in and no request that counts has told; `events` are the
    thread's, as they were read for the history.
    """

    def __init__(
        self,
        log: EventLog,
        threads: Threads,
        journal: Journal,
        completion: Completion,
        *,
        left: Sequence[InputTaken],
        events: Sequence[AnyRecorded],
    ) -> None:
        self._log = log
        self._threads = threads
        self._journal = journal
        self._completion = completion
        self._told = told_by(left, among=events)
        self._thread = threads.known(completion.thread_id)  # as it was read for the history

    async def take(self) -> Told:
        """What the next request has to tell. Raises JournalStopped."""
        while True:
            thread = await self._present_thread()
            taken = _taken(thread, completion_id=self._completion.id)
            if taken is None:
                break
            try:
                await self._append(thread, taken)
            except StreamConflict:
                continue  # something came or went meanwhile: decide again
            self._told += told_by([taken], among=await self._read(thread, taken))
            break
        told, self._told = self._told, Told()
        return told

    async def _present_thread(self) -> Thread:
        thread, self._thread = self._thread, None
        if thread is not None:
            return thread
        return await self._journal.insist(partial(self._threads.get, self._completion.thread_id))

    async def _append(self, thread: Thread, taken: InputTaken) -> None:
        events = thread.take_in(self._completion.id)
        delivered = StreamAppend(thread.id, thread.version, events, thread.id, thread.owner_id)
        _, *recorded = await self._journal.append_with([taken], delivered)
        self._threads.append(thread.id, recorded)

    async def _read(self, thread: Thread, taken: InputTaken) -> list[AnyRecorded]:
        """The events that brought it."""
        found: list[AnyRecorded] = []
        for message in taken.message_ids:
            since = thread.posted[message].position - 1
            read = partial(self._log.read_thread, thread.id, after=since, limit=1)
            found += await self._journal.insist(read)
        for execution in taken.execution_ids:
            found += await self._journal.insist(partial(self._log.read_stream, execution))
        return found


def _taken(thread: Thread, *, completion_id: UUID) -> InputTaken | None:
    events = thread.take_in(completion_id)
    if not events:
        return None
    return InputTaken(
        tuple(one.message_id for one in events if isinstance(one, MessageDelivered)),
        tuple(one.execution_id for one in events if isinstance(one, ResultDelivered)),
    )
