"""Auditors leave a trace: whoever opens somebody else's thread is written down first."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid5

from application.at_end import append_at_end
from application.commands.context import COMMAND_WAIT_SECONDS, Principal
from application.ports import EventLog
from domain.account_events import AccessEvent, ThreadRead

QUIET_SECONDS = 60.0  # one reader is written down for one thread so often
MOST_KEPT = 10_000


class AccessLog:
    """One per process. The reader's stream is one for each day, and of no thread."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._written: OrderedDict[tuple[UUID, UUID], float] = OrderedDict()
        self._turn = asyncio.Lock()

    async def read(self, threads: Iterable[tuple[UUID, UUID]], *, by: Principal, what: str) -> None:
        """`by` is about to see something of these threads, each given with its owner.

        Returns once that is durable. Raises LogUnavailable or OutcomeUnknown; nothing may be shown
        then.
        """
        others = {thread_id for thread_id, owner_id in threads if owner_id != by.user_id}
        if not others:
            return
        async with self._turn:
            unseen = [thread_id for thread_id in others if not self._is_fresh(by, thread_id)]
            if unseen:
                await self._write(unseen, by=by, what=what)

    async def audited(self, *events: AccessEvent, by: Principal) -> None:
        """`by` is about to read in an audit: each time is written down, whosever it is.

        Returns and raises as `read`; all of the events are in the log then, or none.
        """
        if events:
            await self._append(events, by=by)

    def _is_fresh(self, by: Principal, thread_id: UUID) -> bool:
        written = self._written.get((by.user_id, thread_id))
        return written is not None and time.monotonic() - written < QUIET_SECONDS

    async def _write(self, thread_ids: list[UUID], *, by: Principal, what: str) -> None:
        await self._append([ThreadRead(thread_id, what) for thread_id in thread_ids], by=by)
        for thread_id in thread_ids:
            self._written[by.user_id, thread_id] = time.monotonic()
            self._written.move_to_end((by.user_id, thread_id))
        while len(self._written) > MOST_KEPT:
            self._written.popitem(last=False)

    async def _append(self, reads: Sequence[AccessEvent], *, by: Principal) -> None:
        today = datetime.now(UTC).date().isoformat()
        stream_id = uuid5(by.key_id, f"access {today}")  # a key's id is not for others to know
        await append_at_end(
            self._log, stream_id, reads, actor=by.actor, wait_seconds=COMMAND_WAIT_SECONDS
        )
