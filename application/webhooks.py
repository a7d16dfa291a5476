"""All webhooks, folded from their few events, of which only the new ones are read."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias
from uuid import UUID

from domain import webhook as domain
from domain.recorded import Recorded
from domain.refusals import WebhookNotFound
from domain.webhook import Webhook
from domain.webhook_events import WebhookEvent

# The events of all webhooks after a position, in order; raises LogUnavailable.
ReadWebhooks: TypeAlias = Callable[[int], Awaitable[Sequence[Recorded[WebhookEvent]]]]


class Webhooks:
    """As this process knows them; `look` brings what happened meanwhile."""

    def __init__(self, read: ReadWebhooks) -> None:
        self._read = read
        self._position = 0  # of the last event that was folded
        self._known: dict[UUID, Webhook] = {}

    @property
    def known(self) -> Mapping[UUID, Webhook]:
        """At the last look, deleted ones too."""
        return MappingProxyType(self._known)

    async def look(self) -> Sequence[Recorded[WebhookEvent]]:
        """What happened since the last look, in order. Raises LogUnavailable."""
        events = await self._read(self._position)
        new = [recorded for recorded in events if recorded.position > self._position]
        for recorded in new:
            known = self._known.get(recorded.stream_id)
            after = domain.evolve(known, recorded) if known else domain.begin(recorded)
            self._known[recorded.stream_id] = after
            self._position = recorded.position
        return new

    async def find(self, webhook_id: UUID) -> Webhook | None:
        """As it stands now; a deleted one too."""
        await self.look()
        return self._known.get(webhook_id)

    async def of_owner(self, owner_id: UUID) -> list[Webhook]:
        """A user's webhooks that are not deleted, the oldest first."""
        await self.look()
        return [one for one in self._known.values() if one.owner_id == owner_id and not one.deleted]

    async def owned(self, webhook_id: UUID, *, owner_id: UUID) -> Webhook:
        """Somebody else's or a deleted one is as good as none: raises WebhookNotFound."""
        webhook = await self.find(webhook_id)
        if webhook is None or webhook.owner_id != owner_id or webhook.deleted:
            raise WebhookNotFound
        return webhook
