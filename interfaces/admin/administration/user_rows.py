"""Users as the pages show them: from the log who they are, from the read models the rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from application.keys import ADMINISTRATOR
from domain.account_events import AccountCreated, Role
from domain.refusals import UserNotFound
from infrastructure.read_database import ReadDatabase
from interfaces.http.resources import Resources
from projections import accounts
from projections.accounts import Account, KeysInForce, Use
from projections.schema import moment

NO_KEYS = KeysInForce(0, ())


@dataclass(frozen=True)
class UserRow:
    """A user in a list."""

    id: UUID
    name: str | None
    created_at: datetime
    signed_in_at: datetime | None
    keys: int  # in force
    roles: Sequence[Role]  # of these keys


@dataclass(frozen=True)
class Users:
    """Some users, and the place of the list after them; None at the end."""

    items: Sequence[UserRow]
    next: int | None


@dataclass(frozen=True)
class User:
    """One user, and how much they use it."""

    id: UUID
    name: str | None
    created_at: datetime
    signed_in_at: datetime | None
    use: Use


async def list_users(
    tables: ReadDatabase, *, search: str, limit: int, cursor: int | None, at: datetime
) -> Users:
    """The newest first. Raises ReadTablesUnavailable."""
    async with tables.session() as session:
        found = await accounts.list_newest(session, search=search, limit=limit, cursor=cursor)
        keys = await accounts.keys_in_force(session, [one.id for one in found.items], at=at)
    rows = [_row(one, keys.get(one.id, NO_KEYS)) for one in found.items]
    return Users(rows, found.next)


async def find_user(here: Resources, user_id: UUID) -> User:
    """Also one who was added a moment ago. Raises UserNotFound."""
    first = await here.application.log.read_stream(user_id, limit=1)
    if not first or not isinstance(first[0].event, AccountCreated):
        raise UserNotFound
    async with here.tables.session() as session:
        row = await accounts.get(session, user_id)
        use = await accounts.use_of(session, user_id)
    name, signed_in_at = first[0].event.name, row.signed_in_at if row else None
    return User(user_id, _name(user_id, name), moment(first[0]), signed_in_at, use)


def _name(user_id: UUID, name: str | None) -> str | None:
    """Nobody has named the one who was there first."""
    return name or ("First administrator" if user_id == ADMINISTRATOR else None)


def _row(account: Account, keys: KeysInForce) -> UserRow:
    return UserRow(
        account.id,
        _name(account.id, account.name),
        account.created_at,
        account.signed_in_at,
        keys.count,
        keys.roles,
    )
