"""A webhook: who wants which events, where they go, and with which secrets they are signed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import assert_never
from uuid import UUID

from domain.account import Account
from domain.catalogue import CHUNK
from domain.recorded import Recorded
from domain.webhook_events import (
    WebhookChanged,
    WebhookCreated,
    WebhookDeleted,
    WebhookEvent,
    WebhookReplayed,
    WebhookRetried,
    WebhookSecretRotated,
)

OVERLAP_MICROSECONDS = 24 * 60 * 60 * 1_000_000  # for which a replaced secret still signs
MOST_SECRETS = 5  # that sign at once


@dataclass(frozen=True)
class Webhook:
    """What decisions about a webhook need, and its sender."""

    id: UUID
    version: int
    position: int  # of its first event
    created_at: int  # microseconds since 1970
    owner_id: UUID
    url: str
    names: tuple[str, ...] | None  # None: all public ones but chunks
    all_threads: bool
    name: str | None
    request_hash: str | None = None
    enabled: bool = True
    reason: str | None = None  # why it is not enabled, where the sender did it
    rotated_at: tuple[int, ...] = ()  # microseconds since 1970; one for each replaced secret
    deleted: bool = False

    @property
    def generation(self) -> int:
        """Of its secret: 0, 1, 2 …"""
        return len(self.rotated_at)

    def generations_at(self, now: int) -> Sequence[int]:
        """Whose secrets sign at this time (microseconds since 1970), the newest first."""
        replaced = [
            generation
            for generation, at in enumerate(self.rotated_at)
            if now < at + OVERLAP_MICROSECONDS
        ]
        return [self.generation, *reversed(replaced)][:MOST_SECRETS]

    def wants(self, name: str) -> bool:
        """Shall public events of this name be sent? Chunks only where they are named."""
        return name != CHUNK if self.names is None else name in self.names

    def covers(self, owner_id: UUID | None) -> bool:
        """Shall events of threads of this user be sent?"""
        return self.all_threads or owner_id == self.owner_id

    def is_backed_by(self, account: Account, *, now: int) -> bool:
        """Could its owner make it still (at this time, microseconds since 1970)?"""
        roles = {key.issued.role for key in account.keys.values() if key.usable_at(now)}
        return "admin" in roles or ("user" in roles and not self.all_threads)

    def change(
        self, *, url: str, names: tuple[str, ...] | None, enabled: bool, name: str | None
    ) -> list[WebhookEvent]:
        """What is so already is no change."""
        if (url, names, enabled, name) == (self.url, self.names, self.enabled, self.name):
            return []
        return [WebhookChanged(url, names, enabled, name)]

    def stop(self, *, reason: str) -> list[WebhookEvent]:
        """The sender gives up until somebody enables it again."""
        if not self.enabled or self.deleted:
            return []
        return [WebhookChanged(self.url, self.names, enabled=False, name=self.name, reason=reason)]

    def delete(self) -> list[WebhookEvent]:
        """Deleting twice is not an error."""
        return [] if self.deleted else [WebhookDeleted()]


def begin(recorded: Recorded[WebhookEvent]) -> Webhook:
    """The webhook after its first event."""
    created = recorded.event
    assert isinstance(created, WebhookCreated)
    return Webhook(
        id=recorded.stream_id,
        version=recorded.version,
        position=recorded.position,
        created_at=recorded.at,
        owner_id=created.owner_id,
        url=created.url,
        names=created.names,
        all_threads=created.all_threads,
        name=created.name,
        request_hash=created.request_hash,
    )


def evolve(webhook: Webhook, recorded: Recorded[WebhookEvent]) -> Webhook:
    """The state after one more event."""
    webhook = replace(webhook, version=recorded.version)
    match event := recorded.event:
        case WebhookChanged():
            return replace(
                webhook,
                url=event.url,
                names=event.names,
                enabled=event.enabled,
                name=event.name,
                reason=event.reason,
            )
        case WebhookSecretRotated():
            return replace(webhook, rotated_at=(*webhook.rotated_at, recorded.at))
        case WebhookDeleted():
            return replace(webhook, deleted=True)
        case WebhookCreated() | WebhookReplayed() | WebhookRetried():
            return webhook
        case _:
            assert_never(event)
