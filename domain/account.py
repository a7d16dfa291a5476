"""An account: a user and the API keys that speak for them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import assert_never
from uuid import UUID

from domain.account_events import (
    AccountCreated,
    AccountEvent,
    KeyIssued,
    KeyRevoked,
)
from domain.recorded import Recorded
from domain.refusals import KeyNotFound


@dataclass(frozen=True)
class Key:
    """One key, as far as it is known: never the key itself."""

    issued: KeyIssued
    issued_at: int  # microseconds since 1970
    revoked: bool = False

    def usable_at(self, now: int) -> bool:
        """Not revoked and not expired at this time (microseconds since 1970)."""
        expires_at = self.issued.expires_at
        return not self.revoked and (expires_at is None or now < expires_at)


@dataclass(frozen=True)
class Account:
    """What decisions about an account need."""

    id: UUID
    version: int = 0
    keys: Mapping[UUID, Key] = field(default_factory=dict[UUID, Key])

    def issue(self, issued: KeyIssued, *, name: str | None = None) -> list[AccountEvent]:
        """A new key; the first one creates the account. The same key twice is once."""
        if any(key.issued.hash == issued.hash for key in self.keys.values()):
            return []
        return [issued] if self.version else [AccountCreated(name), issued]

    def revoke(self, key_id: UUID) -> list[AccountEvent]:
        """Revoking twice is not an error."""
        if key_id not in self.keys:
            raise KeyNotFound
        return [] if self.keys[key_id].revoked else [KeyRevoked(key_id)]


def evolve(account: Account, recorded: Recorded[AccountEvent]) -> Account:
    """The state after one more event; an empty account stands before the first."""
    keys = dict(account.keys)
    match event := recorded.event:
        case AccountCreated():
            pass
        case KeyIssued():
            keys[event.key_id] = Key(event, recorded.at)
        case KeyRevoked():
            keys[event.key_id] = replace(keys[event.key_id], revoked=True)
        case _:
            assert_never(event)
    return Account(account.id, recorded.version, keys)
