"""An account: a user, the API keys that speak for them, and the browsers that are signed in."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar, assert_never
from uuid import UUID

from domain.account_events import (
    AccountCreated,
    AccountEvent,
    KeyIssued,
    KeyRevoked,
    SessionEnded,
    SessionStarted,
    SignInLinkIssued,
)
from domain.recorded import Recorded
from domain.refusals import KeyNotFound, SignInLinkInvalid

MOST_AT_ONCE = 100  # links, and sessions; with one more the oldest is over

K = TypeVar("K", str, UUID)
T = TypeVar("T", SignInLinkIssued, SessionStarted)


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
    """What decisions about an account need. Links and sessions that are over are forgotten."""

    id: UUID
    version: int = 0
    keys: Mapping[UUID, Key] = field(default_factory=dict[UUID, Key])
    links: Mapping[str, SignInLinkIssued] = field(default_factory=dict[str, SignInLinkIssued])
    sessions: Mapping[UUID, SessionStarted] = field(default_factory=dict[UUID, SessionStarted])

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

    def key_at(self, key_id: UUID, now: int) -> Key:
        """A key that may be used now (microseconds since 1970). Raises KeyNotFound."""
        key = self.keys.get(key_id)
        if key is None or not key.usable_at(now):
            raise KeyNotFound
        return key

    def link_at(self, link_hash: str, now: int) -> SignInLinkIssued:
        """A link that may be used now, whose key may be. Raises SignInLinkInvalid."""
        link = self.links.get(link_hash)
        key = self.keys.get(link.key_id) if link else None
        if link is None or key is None or now >= link.expires_at or not key.usable_at(now):
            raise SignInLinkInvalid
        return link

    def end_session(self, session_id: UUID) -> list[AccountEvent]:
        """Ending twice, or too late, is not an error."""
        return [SessionEnded(session_id)] if session_id in self.sessions else []


def evolve(account: Account, recorded: Recorded[AccountEvent]) -> Account:
    """The state after one more event; an empty account stands before the first."""
    keys, links, sessions = dict(account.keys), dict(account.links), dict(account.sessions)
    match event := recorded.event:
        case AccountCreated():
            pass
        case KeyIssued():
            keys[event.key_id] = Key(event, recorded.at)
        case KeyRevoked():
            keys[event.key_id] = replace(keys[event.key_id], revoked=True)
        case SignInLinkIssued():
            links = _newest(links, at=recorded.at)
            links[event.hash] = event
        case SessionStarted():
            links.pop(event.link_hash or "", None)
            sessions = _newest(sessions, at=recorded.at)
            sessions[event.session_id] = event
        case SessionEnded():
            sessions.pop(event.session_id, None)
        case _:
            assert_never(event)
    return Account(account.id, recorded.version, keys, links, sessions)


def _newest(known: Mapping[K, T], *, at: int) -> dict[K, T]:
    """Those that are not over, less the oldest where there is no room for another."""
    lasting = [(name, one) for name, one in known.items() if one.expires_at > at]
    return dict(lasting[-(MOST_AT_ONCE - 1) :])
