"""Who may audit, that a reason is asked for, and that each read is in the log before its answer."""

import asyncio
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest

from domain.account_events import LogRead
from infrastructure.embedded import EmbeddedPostgres
from tests.interfaces.http.audits import (
    HEADERS,
    REASON,
    Told,
    ask,
    opened,
    read_by,
    reads_of,
)
from tests.interfaces.http.house import House, Person, eventually
from tests.servers import connected


@pytest.mark.parametrize("role", ["user", "analyst", "admin"])
async def test_nobody_but_an_auditor_may(house: House, user: Person, seen: Told, role: str) -> None:
    stranger = await house.person(role)  # pyright: ignore[reportArgumentType]
    owners = [user] if role == "user" else []
    before = await house.last_position()
    for person in (stranger, *owners):
        for path in (*seen.paths, f"/v1/audit/threads/{uuid4()}"):
            answer = await person.http.get(path, headers=HEADERS)
            assert answer.status_code == 403, (role, path)
            assert answer.json()["type"] == "/problems/not-permitted"
    assert await house.last_position() == before


async def test_without_a_key_nobody_is_told_anything(house: House, seen: Told) -> None:
    revoked = await house.person("auditor")
    await house.revoke(revoked)
    for client in (house.client(None), revoked.http):
        for path in seen.paths:
            assert (await client.get(path, headers=HEADERS)).status_code == 401


@pytest.mark.parametrize("given", [None, "", "x" * 501, "a\tb"])
async def test_a_reason_is_asked_for(
    house: House, auditor: Person, seen: Told, given: str | None
) -> None:
    before = await house.last_position()
    headers = {} if given is None else {"Audit-Reason": given}
    for path in seen.paths:
        answer = await auditor.http.get(path, headers=headers)
        assert answer.status_code == 422, answer.text
        assert answer.json()["type"] == "/problems/audit-reason-missing"
        assert "Audit-Reason" in answer.json()["title"]
    assert await house.last_position() == before


async def test_each_read_is_an_event_with_who_what_and_why(
    house: House, auditor: Person, seen: Told
) -> None:
    asked = [*seen.paths, f"{seen.path}?as_of={seen.said}", f"{seen.path}?as_of={seen.said}"]
    for path in asked:
        assert (await auditor.http.get(path, headers=HEADERS)).status_code == 200
    found = await reads_of(house, auditor)
    thread = UUID(seen.thread)
    assert [read_by(one) for one in found] == [
        (thread, "audit_thread", REASON),
        (thread, "audit_diff", REASON),
        (thread, "audit_replay speed=max", REASON),
        (thread, "audit_requests", REASON),
        (None, "audit_events", REASON),
        (thread, f"audit_thread as_of={seen.said}", REASON),
        (thread, f"audit_thread as_of={seen.said}", REASON),
    ]
    assert {one.actor for one in found} == {f"user:{auditor.id}"}
    assert {(one.thread_id, one.owner_id) for one in found} == {(None, None)}


async def test_a_reason_in_the_address_does_as_well_and_is_not_repeated_in_what(
    house: House, auditor: Person, seen: Told
) -> None:
    answer = await auditor.http.get(seen.path, params={"as_of": seen.said, "reason": " Why ☃ "})
    assert answer.status_code == 200
    [found] = await reads_of(house, auditor)
    assert read_by(found) == (UUID(seen.thread), f"audit_thread as_of={seen.said}", "Why ☃")


async def test_a_reading_of_the_log_says_from_where_and_of_what(
    house: House, auditor: Person, seen: Told
) -> None:
    path = f"/v1/audit/events?after={seen.asked}&names=thread.started,completion.chunk&limit=3"
    assert (await auditor.http.get(path, headers=HEADERS)).status_code == 200
    [found] = await reads_of(house, auditor)
    assert isinstance(found.event, LogRead)
    assert found.event.after == seen.asked
    assert found.event.names == ("completion.chunk", "thread.started")


async def test_its_owner_sees_nothing_of_it(
    house: House, user: Person, auditor: Person, seen: Told
) -> None:
    for path in seen.paths:
        await auditor.http.get(path, headers=HEADERS)
    for path in (f"/v1/threads/{seen.thread}/events", "/v1/events"):
        items = (await user.get(path, limit=1000))["items"]
        assert not [one for one in items if one["name"].startswith("access.")]


async def test_a_thread_that_is_not_there_is_not_read(house: House, auditor: Person) -> None:
    before = await house.last_position()
    assert (await ask(auditor, f"/v1/audit/threads/{uuid4()}")).status_code == 404
    assert await house.last_position() == before


async def test_when_the_first_byte_comes_the_read_is_in_the_log(
    house: House, auditor: Person, seen: Told
) -> None:
    follow = f"/v1/audit/events?after={seen.asked}&follow=true"
    for number, path in enumerate((f"{seen.path}/replay?speed=0.1", follow), start=1):
        async with opened(auditor, path) as answer:
            async for _ in answer.aiter_raw():
                assert len(await reads_of(house, auditor)) == number
                break


async def test_nothing_is_shown_that_cannot_be_written_down(
    house: House, auditor: Person, seen: Told, postgres: EmbeddedPostgres
) -> None:
    """While nobody can append, everybody can read the log: but not by way of an audit."""
    own = urlsplit(postgres.owner_url)._replace(path=urlsplit(house.url).path).geturl()
    before = await house.last_position()
    async with connected(own) as owner:
        await owner.execute("BEGIN; LOCK TABLE threadlog.chat_events IN EXCLUSIVE MODE")
        answers = await asyncio.gather(
            *(auditor.http.get(path, headers=HEADERS) for path in seen.paths)
        )
        assert [answer.status_code for answer in answers] == [503] * len(seen.paths)
        assert all("☃" not in answer.text for answer in answers)
        assert await house.last_position() == before
    await eventually(lambda: _is_answered(auditor, seen))


async def _is_answered(auditor: Person, seen: Told) -> bool:
    return (await ask(auditor, seen.path)).status_code == 200
