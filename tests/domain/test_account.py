"""An account: given events, when a command, then events."""

from dataclasses import replace
from uuid import UUID

import pytest

from domain.account import Account, evolve
from domain.account_events import AccountCreated, AccountEvent, KeyIssued, KeyRevoked
from domain.refusals import KeyNotFound
from tests.domain.history import recorded

KEY = KeyIssued(UUID(int=5), hash="abc", prefix="tl_x", role="user", expires_at=1_000)


def given(*events: AccountEvent) -> Account:
    account = Account(UUID(int=1))
    for one in recorded(events):
        account = evolve(account, one)
    return account


def test_the_first_key_makes_the_account() -> None:
    assert given().issue(KEY, name="Ada") == [AccountCreated("Ada"), KEY]
    other = replace(KEY, key_id=UUID(int=6), hash="def")
    assert given(AccountCreated(), KEY).issue(other) == [other]


def test_the_same_key_twice_is_once() -> None:
    assert given(AccountCreated(), KEY).issue(replace(KEY, key_id=UUID(int=6))) == []


def test_a_key_is_usable_until_it_expires_or_is_revoked() -> None:
    issued = given(AccountCreated(), KEY)
    assert issued.keys[KEY.key_id].usable_at(999)
    assert not issued.keys[KEY.key_id].usable_at(1_000)
    revoked = given(AccountCreated(), KEY, *issued.revoke(KEY.key_id))
    assert not revoked.keys[KEY.key_id].usable_at(999)
    assert revoked.revoke(KEY.key_id) == []


def test_an_unknown_key_cannot_be_revoked() -> None:
    with pytest.raises(KeyNotFound):
        given(AccountCreated(), KEY).revoke(UUID(int=9))
    assert given(AccountCreated(), KEY).revoke(KEY.key_id) == [KeyRevoked(KEY.key_id)]
