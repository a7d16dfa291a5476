"""Commands on webhooks: make one, change it, give it a new secret, send again, delete it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict
from uuid import UUID

from application.commands.context import COMMAND_WAIT_SECONDS, Principal, last_position
from application.ports import EventLog, StreamAppend, StreamConflict
from application.webhooks import Webhooks
from domain.refusals import BodyDiffers, IdIsTaken, NotPermitted, WebhookNotFound, WebhooksAreMany
from domain.webhook import Webhook
from domain.webhook_events import (
    WebhookCreated,
    WebhookEvent,
    WebhookReplayed,
    WebhookRetried,
    WebhookSecretRotated,
)

MOST_WEBHOOKS = 20  # of one user


@dataclass(frozen=True)
class CreateWebhook:
    """Send events to an address from now on. Only an administrator gets those of all threads."""

    by: Principal
    webhook_id: UUID
    url: str
    names: tuple[str, ...] | None = None
    all_threads: bool = False
    name: str | None = None
    request_hash: str | None = None


async def create_webhook(log: EventLog, webhooks: Webhooks, command: CreateWebhook) -> int:
    """Its position. Safe to repeat with the same id and body; raises NotPermitted,
    WebhooksAreMany, IdIsTaken, BodyDiffers."""
    if command.all_threads and command.by.role != "admin":
        raise NotPermitted
    known = await webhooks.find(command.webhook_id)
    if known is not None:
        return _repeated(known, command)
    if len(await webhooks.of_owner(command.by.user_id)) >= MOST_WEBHOOKS:
        raise WebhooksAreMany
    created = WebhookCreated(
        owner_id=command.by.user_id,
        url=command.url,
        names=command.names,
        all_threads=command.all_threads,
        name=command.name,
        request_hash=command.request_hash,
    )
    append = StreamAppend(command.webhook_id, 0, [created])
    try:
        [recorded] = await log.append(
            append, actor=command.by.actor, wait_seconds=COMMAND_WAIT_SECONDS
        )
    except StreamConflict:
        known = await webhooks.find(command.webhook_id)
        if known is None:
            raise IdIsTaken from None
        return _repeated(known, command)
    return recorded.position


def _repeated(known: Webhook, command: CreateWebhook) -> int:
    if known.owner_id != command.by.user_id or known.deleted:
        raise IdIsTaken
    if known.request_hash != command.request_hash:
        raise BodyDiffers
    return known.position


class Changes(TypedDict, total=False):
    """What shall be otherwise; what is left out stays."""

    url: str
    names: tuple[str, ...] | None
    enabled: bool
    name: str | None


async def change_webhook(
    log: EventLog, webhooks: Webhooks, webhook_id: UUID, *, by: Principal, changes: Changes
) -> int:
    """The position since which it is so; safe to repeat. Raises WebhookNotFound."""

    def decide(webhook: Webhook) -> Sequence[WebhookEvent]:
        wanted: dict[str, Any] = {
            "url": webhook.url,
            "names": webhook.names,
            "enabled": webhook.enabled,
            "name": webhook.name,
            **changes,
        }
        return webhook.change(**wanted)

    return await _change(log, webhooks, webhook_id, by=by, decide=decide)


async def rotate_secret(
    log: EventLog, webhooks: Webhooks, webhook_id: UUID, *, by: Principal, generation: int
) -> int:
    """Replace the secret of this generation; a second time changes nothing. The position.

    Raises WebhookNotFound.
    """

    def decide(webhook: Webhook) -> Sequence[WebhookEvent]:
        return [WebhookSecretRotated()] if webhook.generation == generation else []

    return await _change(log, webhooks, webhook_id, by=by, decide=decide)


async def replay_webhook(
    log: EventLog, webhooks: Webhooks, webhook_id: UUID, *, by: Principal, after: int
) -> int:
    """Send everything after a position again. The position. Raises WebhookNotFound."""
    return await _change(
        log, webhooks, webhook_id, by=by, decide=lambda _: [WebhookReplayed(after)]
    )


async def retry_webhook(
    log: EventLog, webhooks: Webhooks, webhook_id: UUID, *, by: Principal
) -> int:
    """Try again what was given up, and at once what waits. The position. Raises WebhookNotFound."""
    return await _change(log, webhooks, webhook_id, by=by, decide=lambda _: [WebhookRetried()])


async def delete_webhook(
    log: EventLog, webhooks: Webhooks, webhook_id: UUID, *, by: Principal
) -> int:
    """Nothing more is sent; safe to repeat. The position. Raises WebhookNotFound."""
    known = await webhooks.find(webhook_id)
    if known is not None and known.deleted and known.owner_id == by.user_id:
        return await last_position(log, webhook_id, version=known.version)
    return await _change(log, webhooks, webhook_id, by=by, decide=Webhook.delete)


async def _change(
    log: EventLog,
    webhooks: Webhooks,
    webhook_id: UUID,
    *,
    by: Principal,
    decide: Callable[[Webhook], Sequence[WebhookEvent]],
) -> int:
    while True:
        webhook = await webhooks.find(webhook_id)
        if webhook is None or webhook.owner_id != by.user_id or webhook.deleted:
            raise WebhookNotFound
        if webhook.all_threads and by.role != "admin":
            raise NotPermitted  # another of the owner's keys, which may not have everybody's events
        events = decide(webhook)
        if not events:
            return await last_position(log, webhook_id, version=webhook.version)
        append = StreamAppend(webhook_id, webhook.version, events)
        try:
            recorded = await log.append(append, actor=by.actor, wait_seconds=COMMAND_WAIT_SECONDS)
        except StreamConflict:
            continue
        return recorded[-1].position
