"""What happens to an account, its keys and its sessions, and who looked at others' threads."""

from dataclasses import dataclass
from typing import Literal, TypeAlias
from uuid import UUID

Role: TypeAlias = Literal["user", "auditor", "analyst", "admin"]


@dataclass(frozen=True)
class AccountCreated:
    """A user exists; the stream's id is the user's id."""

    name: str | None = None


@dataclass(frozen=True)
class KeyIssued:
    """A key may be used with this role. The key itself is kept nowhere."""

    key_id: UUID
    hash: str  # sha256 of the whole key, hexadecimal
    prefix: str  # its first characters, for people to tell keys apart
    role: Role
    name: str | None = None
    expires_at: int | None = None  # microseconds since 1970


@dataclass(frozen=True)
class KeyRevoked:
    """The key is worth nothing from now on."""

    key_id: UUID


@dataclass(frozen=True)
class SignInLinkIssued:
    """A link was made that signs its reader in once, in the role of a key."""

    key_id: UUID
    hash: str  # sha256 of the link's token, hexadecimal
    expires_at: int  # microseconds since 1970


@dataclass(frozen=True)
class SessionStarted:
    """A browser was signed in. What it shows from now on is kept nowhere."""

    session_id: UUID
    key_id: UUID  # in whose role it is, and with which it ends
    hash: str  # sha256 of the cookie, hexadecimal
    expires_at: int  # microseconds since 1970
    link_hash: str | None = None  # of the link that was used up; None: signed in with the key


@dataclass(frozen=True)
class SessionEnded:
    """The browser was signed out."""

    session_id: UUID


@dataclass(frozen=True)
class ThreadRead:
    """An auditor opened somebody's thread."""

    thread_id: UUID
    what: str  # the route or command, and what it was asked for
    reason: str | None = None  # as the auditor gave it


@dataclass(frozen=True)
class LogRead:
    """An auditor read events of the whole log."""

    what: str
    after: int  # the position that the reading began after
    names: tuple[str, ...] | None = None  # of the events; None: all
    reason: str | None = None


@dataclass(frozen=True)
class DataExported:
    """A copy of something left the installation."""

    dataset: str  # `events`, or a table
    format: str
    after: int  # what happened after this position
    through: int  # and up to this one
    rows: int
    reason: str | None = None


AccountEvent: TypeAlias = (
    AccountCreated | KeyIssued | KeyRevoked | SignInLinkIssued | SessionStarted | SessionEnded
)
AccessEvent: TypeAlias = ThreadRead | LogRead | DataExported
