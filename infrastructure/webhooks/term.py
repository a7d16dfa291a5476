"""One term of the leading sender: what it does between two looks at the log."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from math import inf
from uuid import UUID

from application.keys import Accounts
from application.ports import StreamAppend, StreamConflict
from application.webhooks import Webhooks
from domain.recorded import Recorded
from domain.webhook import Webhook
from domain.webhook_events import WebhookEvent
from infrastructure.event_log.connection import Connection
from infrastructure.event_log.log import PostgresEventLog
from infrastructure.webhooks.deliveries import Deliveries, Patience
from infrastructure.webhooks.entries import Entries
from infrastructure.webhooks.events import WebhookEvents
from infrastructure.webhooks.lane import Lane
from infrastructure.webhooks.messages import Messenger
from infrastructure.webhooks.planning import Planner
from infrastructure.webhooks.table import Cursor, Table

APPEND_SECONDS = 3.0
ACTOR = "webhook sender"
GONE = "the receiver answered 410 Gone"


class Term:
    """Use it only while `connection` holds the lock. Every method raises LogUnavailable, and what
    the connection raises when it is lost."""

    def __init__(
        self,
        connection: Connection,
        log: PostgresEventLog,
        *,
        messenger: Messenger,
        patience: Patience,
        check_seconds: float,
        wake: asyncio.Event,
    ) -> None:
        entries = Entries(log.reader)
        self.deliveries = Deliveries(messenger, entries, patience=patience, changed=wake.set)
        self._log = log
        self._table = Table(connection)
        self._planner = Planner(log.reader, self._table, entries=entries)
        self._webhooks = Webhooks(WebhookEvents(log.reader.database).after)
        self._accounts = Accounts(log)
        self._check_seconds = check_seconds
        self._check_at = 0.0  # monotonic seconds

    async def begin(self) -> None:
        """Take over what the sender before has left."""
        await self._follow(await self._webhooks.look())

    async def step(self) -> float:
        """Everything that there is to do; in how many seconds there may be more, if nothing wakes
        us before."""
        await self.deliveries.flush(self._table)
        pages = await self._planner.read(self.deliveries.lanes.values())
        # After the events were read: so each is sent as is wanted since it happened, or later.
        events = await self._webhooks.look()
        await self._follow(events)
        more = await self._planner.plan(pages, self.deliveries.lanes)
        await self._check_owners()
        due_in = self.deliveries.begin()
        await self._stop_gone()
        return 0.0 if more or events else inf if due_in is None else due_in

    async def _follow(self, events: Sequence[Recorded[WebhookEvent]]) -> None:
        """Do what was asked for. What is under way to these webhooks is broken off, and begun
        again where it is still wanted."""
        changed = dict.fromkeys(recorded.stream_id for recorded in events)
        for webhook_id in changed:
            await self.deliveries.drop(webhook_id)
        if not changed:
            return
        await self.deliveries.flush(self._table)
        before = await self._table.cursors()
        for recorded in events:
            if self._is_new(recorded, before):
                await self._table.follow(recorded)
        now = await self._table.cursors()
        for webhook_id in changed:
            if webhook_id in now:
                await self._open(webhook_id, now[webhook_id])

    def _is_new(self, recorded: Recorded[WebhookEvent], before: Mapping[UUID, Cursor]) -> bool:
        """Not done by a sender before us."""
        cursor = before.get(recorded.stream_id)
        if cursor is None:
            return not self._webhooks.known[recorded.stream_id].deleted
        return recorded.version > cursor.version

    async def _open(self, webhook_id: UUID, cursor: Cursor) -> None:
        webhook = self._webhooks.known[webhook_id]
        lane = Lane(webhook, position=cursor.position, saved=cursor.position)
        lane.backed = await self._is_backed(webhook)
        waiting = await self._table.waiting(webhook_id)
        lane.add(waiting, now=asyncio.get_running_loop().time())
        self.deliveries.open(lane)

    async def _check_owners(self) -> None:
        """Who has no key any more gets nothing any more."""
        now = asyncio.get_running_loop().time()
        if now < self._check_at:
            return
        self._check_at = now + self._check_seconds
        for webhook_id, lane in list(self.deliveries.lanes.items()):
            if await self._is_backed(lane.webhook):
                lane.backed = True
            elif lane.backed:
                await self.deliveries.hold(webhook_id)

    async def _is_backed(self, webhook: Webhook) -> bool:
        account = await self._accounts.load(webhook.owner_id)
        return webhook.is_backed_by(account, now=time.time_ns() // 1000)

    async def _stop_gone(self) -> None:
        """Write down whose receivers want nothing any more; the log brings it back to us."""
        for webhook_id in list(self.deliveries.gone):
            webhook = self._webhooks.known[webhook_id]
            append = StreamAppend(webhook_id, webhook.version, webhook.stop(reason=GONE))
            if append.events:
                try:
                    await self._log.append(append, actor=ACTOR, wait_seconds=APPEND_SECONDS)
                except StreamConflict:
                    continue  # somebody else has changed it: look, then perhaps again
            self.deliveries.gone.discard(webhook_id)
