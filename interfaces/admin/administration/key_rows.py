"""Keys as the pages list them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from application.commands.context import Principal
from application.keys import now_microseconds
from domain.account import Account, Key
from domain.account_events import Role
from domain.refusals import KeyNotFound
from domain.times import time_of
from interfaces.http.paging import Paging, cursor_of


@dataclass(frozen=True)
class KeyRow:
    """A key, without what makes it one."""

    id: UUID
    name: str | None
    prefix: str
    role: Role
    issued_at: datetime
    expires_at: datetime | None
    state: Literal["in force", "expired", "revoked"]
    is_mine: bool  # whoever looks has signed in with it

    @property
    def title(self) -> str:
        """By which people know it."""
        return self.name or f"{self.prefix}…"


def key_rows(account: Account, *, by: Principal) -> Sequence[KeyRow]:
    """All keys, those in force first, the newest first."""
    now = now_microseconds()
    rows = [_row(key, now=now, by=by) for key in account.keys.values()]
    rows.sort(key=lambda row: row.issued_at, reverse=True)
    return sorted(rows, key=lambda row: row.state != "in force")


def part_of(
    rows: Sequence[KeyRow], pages: Paging, *, href: str
) -> tuple[Sequence[KeyRow], str | None]:
    """The keys of one page, and the address of the next one. Raises PageCursorIsMalformed."""
    begin = pages.number("keys") or 0
    end = begin + pages.limit
    next_href = f"{href}?cursor={cursor_of('keys', end)}" if end < len(rows) else None
    return rows[begin:end], next_href


def key_row(account: Account, key_id: UUID, *, by: Principal) -> KeyRow:
    """One of them. Raises KeyNotFound."""
    key = account.keys.get(key_id)
    if key is None:
        raise KeyNotFound
    return _row(key, now=now_microseconds(), by=by)


def _row(key: Key, *, now: int, by: Principal) -> KeyRow:
    issued = key.issued
    expires_at = issued.expires_at
    unrevoked = "in force" if key.usable_at(now) else "expired"
    return KeyRow(
        id=issued.key_id,
        name=issued.name,
        prefix=issued.prefix,
        role=issued.role,
        issued_at=time_of(key.issued_at),
        expires_at=None if expires_at is None else time_of(expires_at),
        state="revoked" if key.revoked else unrevoked,
        is_mine=issued.key_id == by.key_id,
    )
