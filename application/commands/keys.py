"""Commands on API keys: issue one, revoke one, see that the first one is there."""

from dataclasses import dataclass
from uuid import UUID

from application.commands.context import COMMAND_WAIT_SECONDS, Principal
from application.keys import ADMINISTRATOR, PREFIX, SHOWN_CHARACTERS, Accounts, hash_of, new_key
from application.ports import EventLog, StreamAppend, StreamConflict
from domain.account import Account
from domain.account_events import AccountEvent, KeyIssued, Role
from domain.ids import uuid7
from domain.refusals import IdIsTaken, KeyNotFound, NotPermitted


@dataclass(frozen=True)
class IssueKey:
    """Let a user in. An administrator may do it for anybody, others for themselves only."""

    by: Principal
    user_id: UUID
    role: Role
    name: str | None = None
    expires_at: int | None = None  # microseconds since 1970


@dataclass(frozen=True)
class IssuedKey:
    """The only time that the key itself is seen."""

    key_id: UUID
    key: str
    position: int


async def issue_key(log: EventLog, accounts: Accounts, command: IssueKey) -> IssuedKey:
    """A new key, and with a user's first one the user. Raises NotPermitted, IdIsTaken."""
    own = command.user_id == command.by.user_id and command.role == command.by.role
    if command.by.role != "admin" and not own:
        raise NotPermitted
    key = new_key(command.user_id)
    issued = KeyIssued(
        key_id=uuid7(),
        hash=hash_of(key),
        prefix=key[:SHOWN_CHARACTERS],
        role=command.role,
        name=command.name,
        expires_at=command.expires_at,
    )
    position = await _issue(log, accounts, issued, to=command.user_id, actor=command.by.actor)
    return IssuedKey(issued.key_id, key, position)


async def ensure_first_key(log: EventLog, accounts: Accounts, *, key: str) -> None:
    """See that the administrator's first key may be used; safe to repeat and to do at once."""
    issued = KeyIssued(uuid7(), hash_of(key), key[: len(PREFIX)], "admin", name="first key")
    await _issue(log, accounts, issued, to=ADMINISTRATOR, actor="system")


async def _issue(
    log: EventLog, accounts: Accounts, issued: KeyIssued, *, to: UUID, actor: str
) -> int:
    while True:
        account = await accounts.load(to)
        events = account.issue(issued)
        if not events:
            return 0
        try:
            return await _append(log, account, events, actor=actor)
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
            return 0
        try:
            return await _append(log, account, events, actor=command.by.actor)
        except StreamConflict:
            continue


async def _append(
    log: EventLog, account: Account, events: list[AccountEvent], *, actor: str
) -> int:
    append = StreamAppend(account.id, account.version, events, owner_id=account.id)
    recorded = await log.append(append, actor=actor, wait_seconds=COMMAND_WAIT_SECONDS)
    return recorded[-1].position
