"""API keys and sessions: what they look like, how one is recognised, who they speak for."""

import base64
import hashlib
import hmac
import os
import time
import zlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import cast
from uuid import UUID, uuid5

from application.commands.context import Principal
from application.ports import EventLog
from domain import account as domain
from domain.account import Account
from domain.account_events import AccountCreated, AccountEvent, KeyIssued, SessionStarted
from domain.ids import NAMESPACE
from domain.recorded import Recorded

ADMINISTRATOR = uuid5(NAMESPACE, "administrator")  # whose first key is THREADLOG_API_KEY
PREFIX = "tl_"
SHOWN_CHARACTERS = 9  # of a key, in lists
FRESH_SECONDS = 10.0  # how late a revocation may be noticed


def new_key(account_id: UUID) -> str:
    """A key of 256 random bits that names its account and carries a checksum."""
    body = account_id.bytes + os.urandom(32)
    checked = body + zlib.crc32(body).to_bytes(4, "big")
    return PREFIX + base64.urlsafe_b64encode(checked).decode().rstrip("=")


def account_of(key: str) -> UUID:
    """The account that a key names; a key that is not of our making can only be the first one."""
    text = key.removeprefix(PREFIX)
    try:
        checked = base64.b64decode(text + "=" * (-len(text) % 4), altchars="-_", validate=True)
    except ValueError:
        return ADMINISTRATOR
    body, checksum = checked[:-4], checked[-4:]
    if len(body) != 48 or zlib.crc32(body).to_bytes(4, "big") != checksum:
        return ADMINISTRATOR
    return UUID(bytes=body[:16])


def hash_of(key: str) -> str:
    """What is kept of a key. Its 256 random bits need neither salt nor slowness."""
    return hashlib.sha256(key.encode()).hexdigest()


@dataclass(frozen=True)
class SignedIn:
    """A browser's session, and who it speaks for: the role is that of its key."""

    session_id: UUID
    by: Principal
    expires_at: int  # microseconds since 1970


@dataclass(frozen=True)
class _Seen:
    account: Account
    read_at: float  # monotonic seconds


class Accounts:
    """Accounts of this process's recent callers, read again from the log after ten seconds."""

    def __init__(self, log: EventLog, *, kept: int = 10_000) -> None:
        self._log = log
        self._kept = kept
        self._seen: OrderedDict[UUID, _Seen] = OrderedDict()

    async def load(self, account_id: UUID) -> Account:
        """The account as it stands now; one without keys where the id names none."""
        seen = self._seen.get(account_id)
        if seen is None and not await self._exists(account_id):
            return Account(account_id)
        account = seen.account if seen else Account(account_id)
        tail = await self._log.read_stream(account_id, after=account.version)
        for recorded in cast("list[Recorded[AccountEvent]]", tail):
            account = domain.evolve(account, recorded)
        self._remember(account)
        return account

    async def _exists(self, account_id: UUID) -> bool:
        """Anybody may write a key that names anything: look at one event, whatever it begins."""
        first = await self._log.read_stream(account_id, limit=1)
        return bool(first) and isinstance(first[0].event, AccountCreated)

    async def principal(self, key: str) -> Principal | None:
        """Who shows this key; None for one that is unknown, revoked or expired."""
        account_id = account_of(key)
        account = self._fresh(account_id) or await self.load(account_id)
        return _match(account, key)

    async def signed_in(self, token: str) -> SignedIn | None:
        """Whose browser shows this; None for a session that is unknown or over.

        One that began elsewhere is known at once; that one has ended, after ten seconds at most.
        """
        account_id = account_of(token)
        known = self._fresh(account_id)
        found = _session(known, token) if known else None
        return found or _session(await self.load(account_id), token)

    def _fresh(self, account_id: UUID) -> Account | None:
        seen = self._seen.get(account_id)
        is_fresh = seen is not None and time.monotonic() - seen.read_at < FRESH_SECONDS
        return seen.account if seen and is_fresh else None

    def _remember(self, account: Account) -> None:
        seen = self._seen.get(account.id)
        if seen is None or seen.account.version <= account.version:
            self._seen[account.id] = _Seen(account, time.monotonic())
            self._seen.move_to_end(account.id)
            if len(self._seen) > self._kept:
                self._seen.popitem(last=False)


def _match(account: Account, key: str) -> Principal | None:
    shown, now = hash_of(key), now_microseconds()
    for known in account.keys.values():
        if hmac.compare_digest(known.issued.hash, shown) and known.usable_at(now):
            return _speaker(account, known.issued)
    return None


def _session(account: Account, token: str) -> SignedIn | None:
    shown = hash_of(token)
    for session in account.sessions.values():
        if hmac.compare_digest(session.hash, shown):
            return _signed_in(account, session)
    return None


def _signed_in(account: Account, session: SessionStarted) -> SignedIn | None:
    now, key = now_microseconds(), account.keys.get(session.key_id)
    if key is None or not key.usable_at(now) or now >= session.expires_at:
        return None
    return SignedIn(session.session_id, _speaker(account, key.issued), session.expires_at)


def _speaker(account: Account, issued: KeyIssued) -> Principal:
    return Principal(account.id, issued.role, issued.key_id, issued.expires_at)


def now_microseconds() -> int:
    """Since 1970, on this process's clock."""
    return time.time_ns() // 1000
