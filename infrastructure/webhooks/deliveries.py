"""Deliveries under way: as many at once as is fair, and what came of them."""

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TypeAlias
from uuid import UUID

from application.ports import LogUnavailable
from infrastructure.relay.frames import BrokenEnvelope, is_public, json_object
from infrastructure.tasks import end
from infrastructure.webhooks.entries import Entries
from infrastructure.webhooks.lane import Delivery, Lane
from infrastructure.webhooks.messages import Messenger, message_id_of
from infrastructure.webhooks.posting import Answer
from infrastructure.webhooks.table import Failure, Table

MOST_AT_ONCE = 100  # requests in all
SHARED = 50  # of them; the others are for those who have none under way
AWAY_SECONDS = 1.0  # until a delivery that could not be read is tried again

Sending: TypeAlias = asyncio.Task[Answer | None]  # None: nobody wants it any more


@dataclass(frozen=True)
class Patience:
    """How long to wait after each failed try; after one more the event is given up."""

    pauses_seconds: tuple[float, ...] = (1, 5, 30, 120, 600, 3600, 21_600)
    spread: float = 0.2  # up to this part longer or shorter, so that not all come back at once

    def pause_seconds(self, attempts: int) -> float | None:
        """After so many failed tries; None: no more."""
        if attempts > len(self.pauses_seconds):
            return None
        return self.pauses_seconds[attempts - 1] * random.uniform(1 - self.spread, 1 + self.spread)  # noqa: S311


class Deliveries:
    """Of all webhooks. `changed` is called when something has ended."""

    def __init__(
        self,
        messenger: Messenger,
        entries: Entries,
        *,
        patience: Patience,
        changed: Callable[[], None],
    ) -> None:
        self.gone: set[UUID] = set()  # webhooks whose receivers want nothing any more
        self._messenger = messenger
        self._entries = entries
        self._patience = patience
        self._changed = changed
        self._lanes: dict[UUID, Lane] = {}  # who has begun last stands last
        self._sending: dict[Sending, tuple[Lane, Delivery]] = {}
        self._arrived: list[tuple[UUID, int]] = []
        self._failed: list[Failure] = []
        self._broken: BaseException | None = None

    @property
    def lanes(self) -> Mapping[UUID, Lane]:
        """Of the webhooks that are not deleted."""
        return MappingProxyType(self._lanes)

    def open(self, lane: Lane) -> None:
        """Deliver for it from the next `begin` on."""
        self._lanes[lane.webhook.id] = lane

    async def hold(self, webhook_id: UUID) -> None:
        """Its owner may not have it any more, or not for now."""
        lane = self._lanes[webhook_id]
        lane.backed = False
        await self._break_off(lambda one: one is lane)

    async def drop(self, webhook_id: UUID) -> None:
        """Deliver nothing more; what is under way is broken off."""
        self._lanes.pop(webhook_id, None)
        await self._break_off(lambda lane: lane.webhook.id == webhook_id)
        self.gone.discard(webhook_id)  # what the last answers said was said before the change

    async def close(self) -> None:
        """Break everything off, and begin nothing more."""
        self._lanes.clear()
        await self._break_off(lambda _: True)

    def begin(self) -> float | None:
        """Begin what is due and may begin; in how many seconds more is due (None: unknown)."""
        now = asyncio.get_running_loop().time()
        begun, next_at = True, None
        while begun:
            begun, next_at = False, None
            for lane in list(self._lanes.values()):
                due_at = lane.due_at() if self._has_room(lane) else None
                if due_at is None:
                    continue
                if due_at <= now:
                    self._begin(lane)
                    begun = True
                elif next_at is None or due_at < next_at:
                    next_at = due_at
        return None if next_at is None else next_at - now

    async def flush(self, table: Table) -> None:
        """Write down what has ended. Raises what was wrong with us, if anything was."""
        if self._broken is not None:
            raise self._broken
        arrived, self._arrived = self._arrived, []
        failed, self._failed = self._failed, []
        if arrived:
            await table.arrived(arrived)
        if failed:
            await table.failed(failed)

    def _has_room(self, lane: Lane) -> bool:
        """Slow receivers may take all shared places, and still everybody has one."""
        count = len(self._sending)
        return count < SHARED or (count < MOST_AT_ONCE and lane.under_way == 0)

    def _begin(self, lane: Lane) -> None:
        self._lanes[lane.webhook.id] = self._lanes.pop(lane.webhook.id)
        delivery = lane.take()
        sending = asyncio.create_task(self._send(lane, delivery))
        self._sending[sending] = lane, delivery
        sending.add_done_callback(self._ended)

    async def _send(self, lane: Lane, delivery: Delivery) -> Answer | None:
        entry = await self._entries.at(delivery.position)
        if not (is_public(entry) and lane.webhook.wants(entry.name)):
            return None
        try:
            body = json_object(entry)
        except BrokenEnvelope as error:
            return Answer(None, type(error).__name__)
        message_id = message_id_of(lane.webhook, delivery.position)
        return await self._messenger.send(lane.webhook, message_id=message_id, body=body)

    def _ended(self, sending: Sending) -> None:
        lane, delivery = self._sending.pop(sending)
        if sending.cancelled():
            lane.again(delivery, due=delivery.due)
            return
        error = sending.exception()
        if error is None:
            self._note(lane, delivery, sending.result())
        elif isinstance(error, LogUnavailable):
            lane.again(delivery, due=asyncio.get_running_loop().time() + AWAY_SECONDS)
        else:
            self._broken = error
        self.begin()
        self._changed()

    def _note(self, lane: Lane, delivery: Delivery, answer: Answer | None) -> None:
        if answer is None or answer.arrived:
            self._arrived.append((lane.webhook.id, delivery.position))
            lane.arrived(delivery)
        elif answer.gone:
            self.gone.add(lane.webhook.id)
            lane.webhook = replace(lane.webhook, enabled=False)
            lane.again(delivery, due=delivery.due)
        else:
            self._fail(lane, delivery, answer)

    def _fail(self, lane: Lane, delivery: Delivery, answer: Answer) -> None:
        delivery.attempts += 1
        error = answer.error or f"HTTP {answer.status}"
        pause = self._patience.pause_seconds(delivery.attempts)
        self._failed.append(
            Failure(lane.webhook.id, delivery.position, delivery.attempts, error, pause)
        )
        if pause is None:
            lane.given_up(delivery)
        else:
            lane.again(delivery, due=asyncio.get_running_loop().time() + pause)

    async def _break_off(self, which: Callable[[Lane], bool]) -> None:
        await end({sending for sending, (lane, _) in self._sending.items() if which(lane)})
