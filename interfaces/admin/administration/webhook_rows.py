"""Webhooks as the pages show them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from application.commands.context import Principal
from domain.times import time_of
from domain.webhook import Webhook
from infrastructure.webhooks.office import DeliveryRow, Stand
from interfaces.http.resources import Resources

# What the sender notes instead of a status, in words.
ERRORS = {
    "AddressRefused": "The address leads into a private network, which is not allowed here.",
    "ConnectError": "No connection could be made: check the address, and that it answers.",
    "ConnectTimeout": "No connection could be made in time.",
    "ReadError": "The connection broke before there was an answer.",
    "RemoteProtocolError": "What answered does not speak HTTP.",
    "Timeout": "There was no answer within 10 seconds.",
    "WebhookUrlInvalid": "The address is not allowed here any more.",
}


@dataclass(frozen=True)
class WebhookRow:
    """A webhook and how far it is, without its secret."""

    id: UUID
    title: str
    url: str
    name: str | None
    names: Sequence[str] | None  # of events; None: all but pieces of answers
    all_threads: bool
    enabled: bool
    reason: str | None  # why it is not enabled, where the sender did that
    created_at: datetime
    version: int  # of what is known of it, for forms that shall be sent once
    generation: int  # of its secret
    position: int  # of the log, up to which everything has arrived, or is counted here
    log_position: int  # the log's end
    pending: int
    dead: int

    @property
    def state(self) -> str:
        """One of `following`, `paused`, `failed`."""
        if not self.enabled:
            return "paused"
        return "failed" if self.dead else "following"

    @property
    def word(self) -> str:
        """The same for people."""
        return {"paused": "Paused", "failed": "Events given up", "following": "Sending"}[self.state]


async def webhook_rows(here: Resources, *, by: Principal) -> Sequence[WebhookRow]:
    """One's own, the oldest first. Raises LogUnavailable."""
    return await _rows(here, await here.office.webhooks.of_owner(by.user_id))


async def webhook_row(here: Resources, webhook_id: UUID, *, by: Principal) -> WebhookRow:
    """One of them. Raises WebhookNotFound, LogUnavailable."""
    webhook = await here.office.webhooks.owned(webhook_id, owner_id=by.user_id)
    [row] = await _rows(here, [webhook])
    return row


async def _rows(here: Resources, webhooks: Sequence[Webhook]) -> Sequence[WebhookRow]:
    stands = await here.office.stands(webhooks)
    end = await here.reader.last_position()
    return [_row(one, stand, end=end) for one, stand in zip(webhooks, stands, strict=True)]


def _row(webhook: Webhook, stand: Stand, *, end: int) -> WebhookRow:
    return WebhookRow(
        id=webhook.id,
        title=webhook.name or webhook.url,
        url=webhook.url,
        name=webhook.name,
        names=webhook.names,
        all_threads=webhook.all_threads,
        enabled=webhook.enabled,
        reason=webhook.reason,
        created_at=time_of(webhook.created_at),
        version=webhook.version,
        generation=webhook.generation,
        position=stand.position,
        log_position=end,
        pending=stand.pending,
        dead=stand.dead,
    )


def told(row: DeliveryRow) -> DeliveryRow:
    """The same with its error in words."""
    return row if row.error is None else replace(row, error=in_words(row.error))


def in_words(error: str) -> str:
    """A status stays as it is, such as `HTTP 500`; so does what nobody has foreseen."""
    return ERRORS.get(error, error)
