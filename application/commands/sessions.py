"""Commands on browsers' sessions: make a link that signs in once, sign in, sign out."""

from dataclasses import dataclass
from uuid import UUID

from application.commands.accounts import append_to
from application.commands.context import Principal
from application.keys import Accounts, account_of, hash_of, new_key, now_microseconds
from application.ports import EventLog, StreamConflict
from domain.account import Account, Key
from domain.account_events import AccountEvent, SessionEnded, SessionStarted, SignInLinkIssued
from domain.ids import uuid7

SECOND = 1_000_000  # in microseconds
LINK_SECONDS = 3600
SESSION_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Link:
    """The only time that the link's token is seen."""

    token: str
    expires_at: int  # microseconds since 1970


@dataclass(frozen=True)
class Session:
    """The only time that the session's token is seen."""

    token: str
    seconds: int  # that it lasts


async def issue_link(log: EventLog, accounts: Accounts, *, by: Principal) -> Link:
    """A link for the caller, in the role of the caller's key. Raises KeyNotFound."""
    token, now = new_key(by.user_id), now_microseconds()
    while True:
        account = await accounts.load(by.user_id)
        expires_at = _earlier(account.key_at(by.key_id, now), now + LINK_SECONDS * SECOND)
        issued = SignInLinkIssued(by.key_id, hash_of(token), expires_at)
        if await _append(log, accounts, account, issued):
            return Link(token, expires_at)


async def sign_in_with_key(log: EventLog, accounts: Accounts, *, by: Principal) -> Session:
    """A session for whoever has shown a key. Raises KeyNotFound for one revoked meanwhile."""
    while True:
        account = await accounts.load(by.user_id)
        session = await _start(log, accounts, account, key_id=by.key_id)
        if session is not None:
            return session


async def sign_in_with_link(log: EventLog, accounts: Accounts, *, token: str) -> Session:
    """A session for whoever has the link; it works once. Raises SignInLinkInvalid."""
    link_hash = hash_of(token)
    while True:
        account = await accounts.load(account_of(token))
        link = account.link_at(link_hash, now_microseconds())
        session = await _start(log, accounts, account, key_id=link.key_id, link_hash=link_hash)
        if session is not None:
            return session


async def sign_out(log: EventLog, accounts: Accounts, *, user_id: UUID, session_id: UUID) -> None:
    """Safe to repeat; noticed everywhere within ten seconds."""
    while True:
        account = await accounts.load(user_id)
        if not account.end_session(session_id):
            return
        if await _append(log, accounts, account, SessionEnded(session_id)):
            return


async def _start(
    log: EventLog,
    accounts: Accounts,
    account: Account,
    *,
    key_id: UUID,
    link_hash: str | None = None,
) -> Session | None:
    """None: something else happened to the account meanwhile; look again."""
    token, now = new_key(account.id), now_microseconds()
    expires_at = _earlier(account.key_at(key_id, now), now + SESSION_SECONDS * SECOND)
    started = SessionStarted(uuid7(), key_id, hash_of(token), expires_at, link_hash)
    if not await _append(log, accounts, account, started):
        return None
    return Session(token, (expires_at - now) // SECOND)


def _earlier(key: Key, expires_at: int) -> int:
    """What a key brings forth does not outlive it."""
    return expires_at if key.issued.expires_at is None else min(expires_at, key.issued.expires_at)


async def _append(log: EventLog, accounts: Accounts, account: Account, event: AccountEvent) -> bool:
    actor = f"user:{account.id}"
    try:
        await append_to(account, [event], log=log, accounts=accounts, actor=actor)
    except StreamConflict:
        return False
    return True
