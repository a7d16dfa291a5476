"""An account: given events, when a command, then events."""

from dataclasses import replace
from uuid import UUID

import pytest

from domain.account import MOST_AT_ONCE, Account, evolve
from domain.account_events import (
    AccountCreated,
    AccountEvent,
    KeyIssued,
    KeyRevoked,
    SessionEnded,
    SessionStarted,
    SignInLinkIssued,
)
from domain.refusals import KeyNotFound, SignInLinkInvalid
from tests.domain.history import recorded

KEY = KeyIssued(UUID(int=5), hash="abc", prefix="tl_x", role="user", expires_at=1_000)

FOR_EVER = 10**15
LINK = SignInLinkIssued(KEY.key_id, hash="link", expires_at=500)
SESSION = SessionStarted(UUID(int=7), KEY.key_id, hash="cookie", expires_at=FOR_EVER)


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


def test_a_link_may_be_used_until_it_expires_or_its_key_does() -> None:
    issued = given(AccountCreated(), KEY, replace(LINK, expires_at=FOR_EVER))
    assert issued.link_at("link", 999).key_id == KEY.key_id
    for link_hash, now in (("link", 1_000), ("another", 1)):
        with pytest.raises(SignInLinkInvalid):
            issued.link_at(link_hash, now)
    with pytest.raises(SignInLinkInvalid):
        given(AccountCreated(), KEY, LINK).link_at("link", 500)
    with pytest.raises(SignInLinkInvalid):
        given(AccountCreated(), KEY, LINK, KeyRevoked(KEY.key_id)).link_at("link", 1)


def test_a_link_is_used_up_by_the_session_that_it_begins() -> None:
    used = given(AccountCreated(), KEY, LINK, replace(SESSION, link_hash="link"))
    with pytest.raises(SignInLinkInvalid):
        used.link_at("link", 1)


def test_a_session_ends_once() -> None:
    begun = given(AccountCreated(), KEY, SESSION)
    assert begun.end_session(SESSION.session_id) == [SessionEnded(SESSION.session_id)]
    ended = given(AccountCreated(), KEY, SESSION, SessionEnded(SESSION.session_id))
    assert ended.end_session(SESSION.session_id) == []
    assert not ended.sessions


def test_what_is_over_is_forgotten_when_the_next_begins() -> None:
    old = replace(SESSION, session_id=UUID(int=8), expires_at=0)
    assert list(given(AccountCreated(), KEY, old, SESSION).sessions) == [SESSION.session_id]
    past = replace(LINK, hash="past", expires_at=0)
    assert list(given(AccountCreated(), KEY, past, LINK).links) == ["link"]


def test_who_begins_ever_more_of_them_ends_the_oldest() -> None:
    many = range(1, MOST_AT_ONCE + 3)
    begun = [replace(SESSION, session_id=UUID(int=n)) for n in many]
    sessions = list(given(AccountCreated(), KEY, *begun).sessions)
    assert sessions == [UUID(int=n) for n in many[2:]]
    issued = [replace(LINK, hash=str(n), expires_at=FOR_EVER) for n in many]
    assert list(given(AccountCreated(), KEY, *issued).links) == [str(n) for n in many[2:]]
