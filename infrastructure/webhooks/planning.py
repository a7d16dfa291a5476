"""From the log to the lanes: which events are on their way to which webhooks."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from domain.catalogue import CHUNK
from domain.webhook import Webhook
from infrastructure.event_log.entry import LogEntry
from infrastructure.event_log.reader import LogReader, Scan
from infrastructure.relay.frames import is_public
from infrastructure.webhooks.entries import Entries
from infrastructure.webhooks.lane import MOST_WAITING, Lane
from infrastructure.webhooks.table import Table, Waiting

BATCH = 500  # events
SAVE_SECONDS = 5.0  # between two looks at cursors that have moved past what nobody wanted


@dataclass(frozen=True)
class Page:
    """Events after the position at which these lanes stand."""

    lanes: Collection[Lane]
    scan: Scan

    @property
    def is_full(self) -> bool:
        """There may be more after it."""
        return len(self.scan.entries) == BATCH


class Planner:
    """Reads the log once for all webhooks that stand at the same position."""

    def __init__(self, reader: LogReader, table: Table, *, entries: Entries) -> None:
        self._reader = reader
        self._table = table
        self._entries = entries
        self._saved_at = 0.0  # monotonic seconds

    async def read(self, lanes: Collection[Lane]) -> list[Page]:
        """The next batch for each lane that takes one. Raises LogUnavailable."""
        together: dict[int, list[Lane]] = defaultdict(list)
        for lane in lanes:
            if lane.is_open and lane.size < MOST_WAITING:
                together[lane.position].append(lane)
        return [
            Page(group, await self._scan(position, group)) for position, group in together.items()
        ]

    async def plan(self, pages: Collection[Page], lanes: Mapping[UUID, Lane]) -> bool:
        """What was read is on its way to those that are still there; is there perhaps more?"""
        waiting: dict[UUID, list[Waiting]] = {}
        for page in pages:
            public = [entry for entry in page.scan.entries if is_public(entry)]
            self._entries.keep(public)
            for lane in page.lanes:
                if lanes.get(lane.webhook.id) is lane:
                    lane.position = page.scan.through
                    if some := _wanted(lane.webhook, public):
                        waiting[lane.webhook.id] = some
        await self._save(lanes.values(), waiting)
        now = asyncio.get_running_loop().time()
        for webhook_id, some in waiting.items():
            lanes[webhook_id].add(some, now=now)
        return any(page.is_full for page in pages)

    async def _scan(self, position: int, group: Collection[Lane]) -> Scan:
        chunks = any(lane.webhook.wants(CHUNK) for lane in group)
        return await self._reader.read_after(position, limit=BATCH, chunks=chunks)

    async def _save(self, lanes: Collection[Lane], waiting: dict[UUID, list[Waiting]]) -> None:
        """Where nothing was wanted the cursor may be late in the database: it is read again."""
        now = asyncio.get_running_loop().time()
        due = now - self._saved_at > SAVE_SECONDS
        moved = [
            lane
            for lane in lanes
            if lane.position != lane.saved and (due or lane.webhook.id in waiting)
        ]
        if not moved:
            return
        if due:
            self._saved_at = now
        await self._table.plan({lane.webhook.id: lane.position for lane in moved}, waiting)
        for lane in moved:
            lane.saved = lane.position


def _wanted(webhook: Webhook, public: Collection[LogEntry]) -> list[Waiting]:
    return [
        Waiting(entry.position, entry.thread_id)
        for entry in public
        if entry.thread_id is not None
        and webhook.wants(entry.name)
        and webhook.covers(entry.owner_id)
    ]
