"""Webhooks as clients see them."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from domain.times import time_of
from domain.webhook import Webhook
from infrastructure.webhooks.office import DeliveryRow, Stand


class WebhookCreated(BaseModel):
    """The only time that the secret is seen."""

    webhook_id: UUID
    secret: str
    position: int


class WebhookSecret(BaseModel):
    """The new secret; the one before signs, too, for 24 hours."""

    secret: str
    position: int


class WebhookView(BaseModel):
    """A webhook, without its secret."""

    id: UUID
    url: str
    names: list[str] | None
    all_threads: bool
    name: str | None
    enabled: bool
    reason: str | None  # why it is not enabled, where the sender did that
    created_at: datetime
    position: int  # of the log: up to here everything has arrived, or is pending or dead
    pending: int
    dead: int


class DeliveryView(BaseModel):
    """An event that has not arrived: `pending`, or `dead` after its last try."""

    position: int
    thread_id: UUID
    state: Literal["pending", "dead"]
    attempts: int
    due_at: datetime | None
    tried_at: datetime | None
    error: str | None


class Tried(BaseModel):
    """What came of a test: the receiver's `status`, or the kind of `error` that there was."""

    arrived: bool
    status: int | None
    error: str | None


def view_of(webhook: Webhook, stand: Stand) -> WebhookView:
    """A webhook as clients get it, and how far it is."""
    return WebhookView(
        id=webhook.id,
        url=webhook.url,
        names=None if webhook.names is None else list(webhook.names),
        all_threads=webhook.all_threads,
        name=webhook.name,
        enabled=webhook.enabled,
        reason=webhook.reason,
        created_at=time_of(webhook.created_at),
        position=stand.position,
        pending=stand.pending,
        dead=stand.dead,
    )


def delivery_of(row: DeliveryRow) -> DeliveryView:
    """A row as clients get it."""
    return DeliveryView(
        position=row.position,
        thread_id=row.thread_id,
        state="dead" if row.dead else "pending",
        attempts=row.attempts,
        due_at=None if row.dead else row.due_at,
        tried_at=row.tried_at,
        error=row.error,
    )
