"""The events of webhooks out of the log: an `application.webhooks.ReadWebhooks`."""

from collections.abc import Sequence
from typing import cast

from domain.recorded import Recorded
from domain.webhook_events import WebhookEvent
from infrastructure.event_log.codec import Codec
from infrastructure.event_log.database import Database
from infrastructure.event_log.entry import LogEntry


class WebhookEvents:
    """Reads through an index that holds nothing else."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._codec = Codec()

    async def after(self, position: int) -> Sequence[Recorded[WebhookEvent]]:
        """All after this position, in order.

        Raises LogUnavailable, and UnknownEvent or BrokenEvent where a newer version has written.
        """
        rows = await self._database.fetch("read_webhooks", position)
        events = [self._codec.decode(LogEntry(*row)) for row in rows]
        return cast("list[Recorded[WebhookEvent]]", events)
