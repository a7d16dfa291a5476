"""What happens to a webhook: an address of somebody else to which events of the log are sent."""

from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID


@dataclass(frozen=True)
class WebhookCreated:
    """Events after this one are sent to an address; the stream's id is the webhook's id."""

    owner_id: UUID
    url: str
    names: tuple[str, ...] | None = None  # of events; None: all public ones but chunks
    all_threads: bool = False  # of everybody, as only an administrator may have it
    name: str | None = None
    request_hash: str | None = None  # sha256 of the request body, hexadecimal


@dataclass(frozen=True)
class WebhookChanged:
    """All of these are so from now on. While it is not enabled, its events wait in the log."""

    url: str
    names: tuple[str, ...] | None
    enabled: bool
    name: str | None = None
    reason: str | None = None  # why the sender itself did it


@dataclass(frozen=True)
class WebhookSecretRotated:
    """What is sent is signed with the next secret; with the one before, too, for a day."""


@dataclass(frozen=True)
class WebhookReplayed:
    """Events after a position are sent again."""

    after: int


@dataclass(frozen=True)
class WebhookRetried:
    """What was given up is tried again, and what waits for its next try is tried at once."""


@dataclass(frozen=True)
class WebhookDeleted:
    """Nothing more is sent."""


WebhookEvent: TypeAlias = (
    WebhookCreated
    | WebhookChanged
    | WebhookSecretRotated
    | WebhookReplayed
    | WebhookRetried
    | WebhookDeleted
)
