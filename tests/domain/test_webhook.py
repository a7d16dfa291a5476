"""A webhook: given events, when a command, then events."""

from dataclasses import replace

import pytest

from domain.account import Account, Key
from domain.account_events import KeyIssued, Role
from domain.webhook import MOST_SECRETS, OVERLAP_MICROSECONDS, Webhook, begin, evolve
from domain.webhook_events import (
    WebhookChanged,
    WebhookCreated,
    WebhookDeleted,
    WebhookEvent,
    WebhookReplayed,
    WebhookRetried,
    WebhookSecretRotated,
)
from tests.domain.history import OWNER, STREAM, recorded

URL = "https://hooks.example.com/"
CREATED = WebhookCreated(OWNER, URL)


def given(*events: WebhookEvent) -> Webhook:
    first, *rest = recorded((CREATED, *events))
    webhook = begin(first)
    for one in rest:
        webhook = evolve(webhook, one)
    return webhook


def test_a_change_says_how_it_is_from_now_on_and_the_same_again_is_none() -> None:
    changed = WebhookChanged(URL, ("thread.started",), enabled=True, name="mine")

    def change(webhook: Webhook) -> list[WebhookEvent]:
        return webhook.change(url=URL, names=("thread.started",), enabled=True, name="mine")

    assert change(given()) == [changed]
    assert change(given(changed)) == []


def test_the_sender_stops_it_once_and_says_why() -> None:
    [stopped] = given().stop(reason="gone")
    webhook = given(stopped)
    assert (webhook.enabled, webhook.reason, webhook.url) == (False, "gone", URL)
    assert webhook.stop(reason="gone") == []
    enabled = given(stopped, WebhookChanged(URL, None, enabled=True))
    assert (enabled.enabled, enabled.reason) == (True, None)


def test_a_replaced_secret_signs_for_a_day_beside_the_new_one() -> None:
    now = 1_000_000
    webhook = replace(given(), rotated_at=(now, now + 10))
    assert webhook.generation == 2
    assert webhook.generations_at(now + 10) == [2, 1, 0]
    assert webhook.generations_at(now + OVERLAP_MICROSECONDS) == [2, 1]
    assert webhook.generations_at(now + 10 + OVERLAP_MICROSECONDS) == [2]


def test_however_often_it_is_replaced_a_few_secrets_sign() -> None:
    webhook = given(*[WebhookSecretRotated()] * 50)
    assert webhook.generations_at(1) == list(range(50, 50 - MOST_SECRETS, -1))


def test_it_wants_all_but_chunks_unless_it_names_what_it_wants() -> None:
    assert given().wants("thread.started")
    assert not given().wants("completion.chunk")
    named = given(WebhookChanged(URL, ("completion.chunk",), enabled=True))
    assert named.wants("completion.chunk")
    assert not named.wants("thread.started")


def test_it_covers_its_owners_threads_or_all() -> None:
    assert given().covers(OWNER)
    assert not given().covers(STREAM)
    assert not given().covers(None)
    assert replace(given(), all_threads=True).covers(STREAM)


@pytest.mark.parametrize(
    ("role", "own", "everybodys"),
    [
        ("user", True, False),
        ("admin", True, True),
        ("auditor", False, False),
        ("analyst", False, False),
    ],
)
def test_it_is_backed_by_a_valid_key_of_a_role_that_could_make_it(
    role: Role, *, own: bool, everybodys: bool
) -> None:
    key = KeyIssued(STREAM, "hash", "tl_", role, expires_at=10)
    account = Account(OWNER, 2, {STREAM: Key(key, 0)})
    revoked = Account(OWNER, 3, {STREAM: Key(key, 0, revoked=True)})
    for webhook, good in ((given(), own), (replace(given(), all_threads=True), everybodys)):
        assert webhook.is_backed_by(account, now=9) is good
        assert not webhook.is_backed_by(account, now=10)
        assert not webhook.is_backed_by(revoked, now=9)
        assert not webhook.is_backed_by(Account(OWNER), now=9)


def test_deleting_twice_is_deleting_once() -> None:
    assert given().delete() == [WebhookDeleted()]
    deleted = given(WebhookReplayed(3), WebhookRetried(), WebhookDeleted())
    assert deleted.delete() == []
    assert deleted.stop(reason="gone") == []
    assert deleted.version == 4
