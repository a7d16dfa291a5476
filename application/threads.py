"""Thread states, folded from the log and kept by version, so that only the tail is read."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import cast
from uuid import UUID

from application.ports import AnyRecorded, EventLog
from domain import thread_evolution as domain
from domain.recorded import Recorded
from domain.refusals import ThreadNotFound
from domain.thread import Thread
from domain.thread_events import ThreadEvent, ThreadStarted


class Threads:
    """The threads of this process's recent commands. A stale entry costs one longer read."""

    def __init__(self, log: EventLog, *, kept: int = 10_000) -> None:
        self._log = log
        self._kept = kept
        self._states: OrderedDict[UUID, Thread] = OrderedDict()

    async def find(self, thread_id: UUID) -> Thread | None:
        """The thread as it stands now; None where the id names no thread."""
        known = self._states.get(thread_id)
        tail = await self._log.read_stream(thread_id, after=known.version if known else 0)
        if known is None and (not tail or not isinstance(tail[0].event, ThreadStarted)):
            return None
        return self._fold(known, cast("list[Recorded[ThreadEvent]]", tail))

    def known(self, thread_id: UUID) -> Thread | None:
        """The thread as this process saw it last: maybe not as it stands now."""
        return self._states.get(thread_id)

    def append(self, thread_id: UUID, events: Sequence[AnyRecorded]) -> None:
        """These were appended by us. Where others came between, the next read brings them too."""
        known = self._states.get(thread_id)
        if known is not None and events and events[0].version == known.version + 1:
            self._fold(known, cast("list[Recorded[ThreadEvent]]", list(events)))

    def learn(self, thread_id: UUID, events: Sequence[AnyRecorded]) -> Thread:
        """The thread after what was read of it: its own events, from its first or from where it is
        known, among others, in order. Raises ThreadNotFound when there are none."""
        known = self._states.get(thread_id)
        after = known.version if known else 0
        tail = [one for one in events if one.stream_id == thread_id and one.version > after]
        if known is None and not tail:
            raise ThreadNotFound
        return self._fold(known, cast("list[Recorded[ThreadEvent]]", tail))

    async def get(self, thread_id: UUID) -> Thread:
        """As `find`; raises ThreadNotFound."""
        thread = await self.find(thread_id)
        if thread is None:
            raise ThreadNotFound
        return thread

    def _fold(self, known: Thread | None, tail: list[Recorded[ThreadEvent]]) -> Thread:
        thread = known or domain.begin(tail[0])
        for recorded in tail if known else tail[1:]:
            thread = domain.evolve(thread, recorded)
        newest = self._states.get(thread.id)
        if newest is not None and newest.version > thread.version:
            return thread  # a slow reader is late: what is known stays
        self._states[thread.id] = thread
        self._states.move_to_end(thread.id)
        if len(self._states) > self._kept:
            self._states.popitem(last=False)
        return thread
