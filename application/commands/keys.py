"""Commands on API keys: issue one, revoke one, see that the first one is there."""

from dataclasses import dataclass
from uuid import UUID

from application.commands.accounts import append_to
from application.commands.context import Principal, last_position
from application.keys import ADMINISTRATOR, PREFIX, SHOWN_CHARACTERS, Accounts, hash_of, new_key
from application.ports import EventLog, StreamConflict
from domain.account_events import KeyIssued, Role
from domain.ids import uuid7
from domain.refusals import IdIsTaken, KeyNotFound, NotPermitted, Refusal


class KeyIsShownOnce(Refusal):
    """This key was issued before and is shown only once. Revoke it and issue another."""


@dataclass(frozen=True)
class IssueKey:
    """Let a user in. An administrator may do it for anybody, others for themselves only."""

    by: Principal
    user_id: UUID
    role: Role
    name: str | None = None
    expires_at: int | None = None  # microseconds since 1970
    key_id: UUID | None = None  # chosen, so that a repeat makes no second key
    user_name: str | None = None  # of a user whose first key it is


@dataclass(frozen=True)
class IssuedKey:
    """The only time that the key itself is seen."""

    key_id: UUID
    key: str
    position: int


async def issue_key(log: EventLog, accounts: Accounts, command: IssueKey) -> IssuedKey:
    """A new key, and with a user's first one the user.

    Raises NotPermitted, IdIsTaken, and KeyIsShownOnce for a key_id that the user has.
    """
    own = command.user_id == command.by.user_id and command.role == command.by.role
    if command.by.role != "admin" and not own:
        raise NotPermitted
    key = new_key(command.user_id)
    issued = KeyIssued(
        key_id=command.key_id or uuid7(),
        hash=hash_of(key),
        prefix=key[:SHOWN_CHARACTERS],
        role=command.role,
        name=command.name,
        expires_at=_expiry(command),
    )
    position = await _issue(
        log,
        accounts,
        issued,
        to=command.user_id,
        actor=command.by.actor,
        user_name=command.user_name,
    )
    return IssuedKey(issued.key_id, key, position)


def _expiry(command: IssueKey) -> int | None:
    """What a key brings forth does not outlive it, or it would never expire."""
    given = (command.expires_at, None if command.by.role == "admin" else command.by.expires_at)
    return min((moment for moment in given if moment is not None), default=None)


async def ensure_first_key(log: EventLog, accounts: Accounts, *, key: str) -> None:
    """See that the administrator's first key may be used; safe to repeat and to do at once."""
    issued = KeyIssued(uuid7(), hash_of(key), key[: len(PREFIX)], "admin", name="first key")
    await _issue(log, accounts, issued, to=ADMINISTRATOR, actor="system")


async def _issue(
    log: EventLog,
    accounts: Accounts,
    issued: KeyIssued,
    *,
    to: UUID,
    actor: str,
    user_name: str | None = None,
) -> int:
    while True:
        account = await accounts.load(to)
        if issued.key_id in account.keys:
            raise KeyIsShownOnce
        events = account.issue(issued, name=user_name)
        if not events:
            return 0
        try:
            return await append_to(account, events, log=log, accounts=accounts, actor=actor)
        except StreamConflict as conflict:
            if account.version == 0 and not (await accounts.load(to)).version:
                raise IdIsTaken from conflict


@dataclass(frozen=True)
class RevokeKey:
    """Make a key worthless."""

    by: Principal
    key_id: UUID
    user_id: UUID


async def revoke_key(log: EventLog, accounts: Accounts, command: RevokeKey) -> int:
    """Safe to repeat; noticed everywhere within ten seconds. Raises KeyNotFound."""
    if command.by.role != "admin" and command.user_id != command.by.user_id:
        raise KeyNotFound
    while True:
        account = await accounts.load(command.user_id)
        events = account.revoke(command.key_id)
        if not events:
            return await last_position(log, account.id, version=account.version)
        try:
            actor = command.by.actor
            return await append_to(account, events, log=log, accounts=accounts, actor=actor)
        except StreamConflict:
            continue
