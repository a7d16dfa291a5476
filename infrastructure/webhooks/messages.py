"""What is sent to a receiver: the event as clients get it, signed."""

import time
from collections.abc import Mapping

from application.result_tokens import ReadSecret
from application.webhook_secrets import signature, webhook_secret
from domain.webhook import Webhook
from infrastructure.webhooks.posting import Answer, Poster


class Messenger:
    """Signs and posts; after the Standard Webhooks specification."""

    def __init__(self, poster: Poster, *, secret: ReadSecret) -> None:
        self._poster = poster
        self._secret = secret

    async def send(self, webhook: Webhook, *, message_id: str, body: bytes) -> Answer:
        """Raises LogUnavailable where the secret cannot be read."""
        headers = signed(
            webhook, await self._secret(), message_id=message_id, body=body, now=time.time_ns()
        )
        return await self._poster.post(webhook.url, headers=headers, body=body)

    async def send_test(self, webhook: Webhook) -> Answer:
        """An event of no thread, so that a receiver can be tried. Raises LogUnavailable."""
        now = time.time_ns()
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now // 1_000_000_000))
        body = b'{"position":0,"name":"webhook.test","at":"%s.000Z","data":{}}' % at.encode()
        return await self.send(webhook, message_id=f"{webhook.id}_test_{now}", body=body)


def message_id_of(webhook: Webhook, position: int) -> str:
    """The same for every try and replay of an event, so that a receiver knows a repeat."""
    return f"{webhook.id}_{position}"


def signed(
    webhook: Webhook, secret: bytes, *, message_id: str, body: bytes, now: int
) -> Mapping[str, str]:
    """The headers of a message that is sent `now` (nanoseconds since 1970)."""
    timestamp = now // 1_000_000_000
    keys = [
        webhook_secret(secret, webhook.id, generation=generation)
        for generation in webhook.generations_at(now // 1000)
    ]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(keys, message_id=message_id, timestamp=timestamp, body=body),
    }
