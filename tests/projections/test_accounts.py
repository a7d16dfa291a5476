"""What the rows of accounts and their keys show, and what they never show."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from domain.account_events import AccountCreated, KeyIssued, KeyRevoked, SessionStarted
from domain.catalogue import Event
from infrastructure.embedded import EmbeddedPostgres
from projections import accounts
from projections.accounts import ACCOUNTS, Account, AccountKey, KeysInForce
from tests.projections.story import NOON as BEGIN
from tests.projections.story import SECOND, Log
from tests.projections.tables import Tables, assert_rebuilt_equals_live, tables_in

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECRET = "f" * 64


@pytest.fixture(scope="module")
async def made_tables(postgres: EmbeddedPostgres) -> AsyncGenerator[Tables]:
    async with tables_in(postgres, projection=ACCOUNTS) as tables:
        yield tables


@pytest.fixture
async def tables(made_tables: Tables) -> Tables:
    await made_tables.clear()
    return made_tables


def told(log: Log, account_id: UUID, *events: Event) -> int:
    """The position of the first one."""
    return log.append(account_id, *events, thread_id=None, owner_id=account_id)[0].position


def issued(key_id: UUID, *, name: str | None = None, expires_at: int | None = None) -> KeyIssued:
    return KeyIssued(key_id, SECRET, "tl_abcdef", "auditor", name, expires_at)


async def test_an_account_its_keys_and_its_last_sign_in(log: Log, tables: Tables) -> None:
    ada, laptop = uuid4(), uuid4()
    first = told(
        log,
        ada,
        AccountCreated("Ada"),
        issued(laptop, name="laptop", expires_at=BEGIN + SECOND),
        SessionStarted(uuid4(), laptop, SECRET, BEGIN),
        SessionStarted(uuid4(), laptop, SECRET, BEGIN),
        KeyRevoked(laptop),
    )
    await tables.apply(log.events)
    account, key = await tables.one(Account), await tables.one(AccountKey)
    assert (account.id, account.user_id, account.name) == (ada, ada, "Ada")
    assert (account.created_at, account.position) == (NOON + timedelta(seconds=first), first)
    assert account.signed_in_at == NOON + timedelta(seconds=first + 3)
    assert (key.user_id, key.id, key.prefix, key.role) == (ada, laptop, "tl_abcdef", "auditor")
    assert (key.name, key.issued_at) == ("laptop", NOON + timedelta(seconds=first + 1))
    assert key.expires_at == NOON + timedelta(seconds=1)
    assert key.revoked_at == NOON + timedelta(seconds=first + 4)
    assert SECRET not in str(await tables.dump())


async def in_force(tables: Tables, *account_ids: UUID, at: datetime = NOON) -> list[KeysInForce]:
    async with tables.reading.session() as session:
        found = await accounts.keys_in_force(session, account_ids, at=at)
    return [found.get(one, KeysInForce(0, ())) for one in account_ids]


async def test_a_key_counts_until_it_expires_or_is_revoked(log: Log, tables: Tables) -> None:
    ada, bob = uuid4(), uuid4()
    told(log, ada, AccountCreated(), issued(uuid4(), expires_at=BEGIN + SECOND), issued(uuid4()))
    told(log, bob, AccountCreated(), issued(bob), KeyRevoked(bob))
    await tables.apply(log.events)
    assert await in_force(tables, ada, bob) == [KeysInForce(2, ["auditor"]), KeysInForce(0, ())]
    later = await in_force(tables, ada, at=NOON + timedelta(seconds=1))
    assert later == [KeysInForce(1, ["auditor"])]


async def test_two_accounts_may_have_chosen_the_same_key_id(log: Log, tables: Tables) -> None:
    chosen, ada, bob = uuid4(), uuid4(), uuid4()
    for one in (ada, bob):
        told(log, one, AccountCreated(), issued(chosen))
    told(log, ada, KeyRevoked(chosen))
    await tables.apply(log.events)
    assert [keys.count for keys in await in_force(tables, ada, bob)] == [0, 1]


async def test_accounts_are_found_by_name_and_by_the_beginning_of_their_id(
    log: Log, tables: Tables
) -> None:
    names = ("Ada Lovelace", "50 % of_all", None)
    ids = [uuid4() for _ in names]
    for one, name in zip(ids, names, strict=True):
        told(log, one, AccountCreated(name))
    await tables.apply(log.events)

    async def found(search: str) -> list[UUID]:
        async with tables.reading.session() as session:
            return [row.id for row in (await accounts.list_newest(session, search=search)).items]

    assert await found("") == ids[::-1]
    assert await found("LOVE") == [ids[0]]
    assert await found("% of_") == [ids[1]]
    assert await found("%") == [ids[1]]
    assert await found(str(ids[2]).upper()[:13]) == [ids[2]]
    assert await found("nobody") == []


async def test_accounts_come_page_by_page(log: Log, tables: Tables) -> None:
    for name in "abc":
        told(log, uuid4(), AccountCreated(name))
    await tables.apply(log.events)
    async with tables.reading.session() as session:
        first = await accounts.list_newest(session, limit=2)
        second = await accounts.list_newest(session, limit=2, cursor=first.next)
    assert [row.name for row in (*first.items, *second.items)] == ["c", "b", "a"]
    assert second.next is None


async def test_the_same_events_make_the_same_rows(log: Log, tables: Tables) -> None:
    ada, key = uuid4(), uuid4()
    told(log, ada, AccountCreated("Ada"), issued(key))
    told(log, uuid4(), AccountCreated("Bob"))
    told(log, ada, SessionStarted(uuid4(), key, SECRET, BEGIN), KeyRevoked(key))
    await assert_rebuilt_equals_live(tables, log.events)
