"""Accounts: a row for each user, and one for each of their keys. No hash of any secret is here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Index, Text, cast, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from domain.account_events import AccountCreated, KeyIssued, KeyRevoked, Role, SessionStarted
from domain.catalogue import Event
from domain.recorded import Recorded
from domain.times import time_of
from projections.listing import Page, newest_first
from projections.projection import Batch, Projection
from projections.rows import Rows
from projections.schema import ReadModel, moment
from projections.threads import Thread


class Account(ReadModel, kw_only=True):
    """A user: `user_id` is the account's id."""

    __tablename__ = "accounts"
    __table_args__ = (Index("accounts_position", "position"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(default=None)
    created_at: Mapped[datetime]
    signed_in_at: Mapped[datetime | None] = mapped_column(default=None)  # a browser, the last time


class AccountKey(ReadModel, kw_only=True):
    """A key, without what makes it one."""

    __tablename__ = "account_keys"

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)  # may be chosen: unique within the account
    prefix: Mapped[str]
    role: Mapped[Role] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(default=None)
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime | None] = mapped_column(default=None)
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)


@dataclass(frozen=True)
class KeysInForce:
    """An account's keys that may be used: how many, and in which roles."""

    count: int
    roles: Sequence[Role]


@dataclass(frozen=True)
class Use:
    """What an account has brought forth, counted."""

    threads: int
    answers: int


async def load(rows: Rows, session: AsyncSession, batch: Batch) -> None:
    """The accounts and keys that the events name."""
    await rows.load(session, Account, {(recorded.stream_id,) for recorded in batch})
    await rows.load(session, AccountKey, {key for one in batch if (key := _key(one)) is not None})


def change(rows: Rows, recorded: Recorded[Event]) -> None:
    """What each event says of an account."""
    match event := recorded.event:
        case AccountCreated():
            rows.add(
                Account(
                    id=recorded.stream_id,
                    user_id=recorded.stream_id,
                    name=event.name,
                    created_at=moment(recorded),
                    position=recorded.position,
                )
            )
        case KeyIssued():
            rows.add(_issued(recorded, event))
        case KeyRevoked():
            row = rows.get(AccountKey, recorded.stream_id, event.key_id)
            row.revoked_at = row.revoked_at or moment(recorded)
        case SessionStarted():
            rows.get(Account, recorded.stream_id).signed_in_at = moment(recorded)
        case _:
            pass


ACCOUNTS = Projection(
    name="accounts",
    version=1,
    models=(Account, AccountKey),
    load=load,
    change=change,
    events=(AccountCreated, KeyIssued, KeyRevoked, SessionStarted),
    pace_seconds=0.25,
)


def _issued(recorded: Recorded[Event], event: KeyIssued) -> AccountKey:
    expires = event.expires_at
    return AccountKey(
        user_id=recorded.stream_id,
        id=event.key_id,
        prefix=event.prefix,
        role=event.role,
        name=event.name,
        issued_at=moment(recorded),
        expires_at=None if expires is None else time_of(expires),
        position=recorded.position,
    )


def _key(recorded: Recorded[Event]) -> tuple[UUID, UUID] | None:
    match recorded.event:
        case KeyIssued() | KeyRevoked() as event:
            return recorded.stream_id, event.key_id
        case _:
            return None


async def get(session: AsyncSession, account_id: UUID) -> Account | None:
    """One account."""
    return await session.scalar(select(Account).where(Account.id == account_id))


async def list_newest(
    session: AsyncSession, *, search: str = "", limit: int = 50, cursor: int | None = None
) -> Page[Account]:
    """Accounts whose name holds `search` or whose id begins with it, the newest first."""
    query = select(Account)
    if search:
        query = query.where(_found(search))
    return await newest_first(session, query, place=Account.position, limit=limit, cursor=cursor)


async def keys_in_force(
    session: AsyncSession, account_ids: Sequence[UUID], *, at: datetime
) -> Mapping[UUID, KeysInForce]:
    """Of each of these accounts that has any at this time."""
    query = select(
        AccountKey.user_id,
        func.count(),
        func.array_agg(func.distinct(AccountKey.role), type_=ARRAY(Text)),
    ).where(
        AccountKey.user_id.in_(account_ids),
        AccountKey.revoked_at.is_(None),
        or_(AccountKey.expires_at.is_(None), AccountKey.expires_at > at),
    )
    rows = await session.execute(query.group_by(AccountKey.user_id))
    return {user_id: KeysInForce(count, roles) for user_id, count, roles in rows}


async def use_of(session: AsyncSession, account_id: UUID) -> Use:
    """Archived threads count, too."""
    answers = func.coalesce(func.sum(Thread.assistant_message_count), 0)
    query = select(func.count(), answers).where(Thread.user_id == account_id)
    threads, answered = (await session.execute(query)).one()
    return Use(threads, int(answered))


def _found(search: str) -> ColumnElement[Any]:
    return or_(
        Account.name.icontains(search, autoescape=True),
        cast(Account.id, Text).startswith(search.lower(), autoescape=True),
    )
