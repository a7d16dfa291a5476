"""Webhooks as an API process needs them: which there are, how they stand, and a way to try one."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from application.result_tokens import ReadSecret
from application.webhook_secrets import shown, webhook_secret
from application.webhooks import Webhooks
from domain.webhook import Webhook
from infrastructure.event_log.connection import Row
from infrastructure.event_log.database import Database
from infrastructure.event_log.result_secret import WEBHOOKS, PostgresResultSecret
from infrastructure.event_log.statements import statement
from infrastructure.webhooks.events import WebhookEvents

if TYPE_CHECKING:
    from infrastructure.webhooks.messages import Messenger
    from infrastructure.webhooks.posting import Answer, Poster

MOST_TRIALS = 10  # at once; others wait


@dataclass(frozen=True)
class Stand:
    """How far a webhook is."""

    position: int  # up to which everything that it wants has arrived or is counted here
    pending: int
    dead: int


@dataclass(frozen=True)
class DeliveryRow:
    """An event that has not arrived."""

    position: int
    thread_id: UUID
    attempts: int
    dead: bool
    due_at: datetime
    tried_at: datetime | None
    error: str | None


class WebhookOffice:
    """`private`: may receivers stand in private networks? Reads raise LogUnavailable."""

    def __init__(self, database: Database, *, private: bool) -> None:
        self.webhooks = Webhooks(WebhookEvents(database).after)
        self.private = private
        self._database = database
        self._secret: ReadSecret = PostgresResultSecret(database, name=WEBHOOKS).read
        self._trials = asyncio.Semaphore(MOST_TRIALS)

    async def secret_of(self, webhook_id: UUID, *, generation: int) -> str:
        """As its receiver gets it."""
        secret = await self._secret()
        return shown(webhook_secret(secret, webhook_id, generation=generation))

    async def stands(self, webhooks: Sequence[Webhook]) -> list[Stand]:
        """In their order; one that the sender has not seen yet stands where it begins."""
        rows = await self._rows("stand", [one.id for one in webhooks])
        seen = {row[0]: Stand(*row[1:]) for row in rows}
        return [seen.get(one.id) or Stand(one.position, pending=0, dead=0) for one in webhooks]

    async def deliveries(
        self, webhook_id: UUID, *, dead: bool | None, after: int, limit: int
    ) -> list[DeliveryRow]:
        """In order of position; `dead` None: all."""
        rows = await self._rows("list", webhook_id, dead, after, limit)
        return [DeliveryRow(*row) for row in rows]

    async def try_out(self, webhook: Webhook) -> "Answer":
        """Send an event of no thread, and say what came of it."""
        async with self._trials:
            messenger, poster = await asyncio.to_thread(self._messenger)
            async with poster:
                return await messenger.send_test(webhook)

    def _messenger(self) -> "tuple[Messenger, Poster]":
        """In a thread, and not before it is wanted: it loads an HTTP client and certificates."""
        from infrastructure.webhooks.messages import Messenger  # noqa: PLC0415
        from infrastructure.webhooks.posting import Poster  # noqa: PLC0415

        poster = Poster(private=self.private)
        return Messenger(poster, secret=self._secret), poster

    async def _rows(self, name: str, *arguments: object) -> list[Row]:
        sql = statement(name, package="infrastructure.webhooks")
        return await self._database.run(sql, *arguments)
