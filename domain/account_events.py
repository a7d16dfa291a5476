"""What happens to a user's account and its API keys, and who looked at other people's threads."""

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
class ThreadRead:
    """An auditor opened somebody's thread."""

    thread_id: UUID
    what: str


AccountEvent: TypeAlias = AccountCreated | KeyIssued | KeyRevoked
AccessEvent: TypeAlias = ThreadRead
