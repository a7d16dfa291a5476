"""Auditors say why, and each look is written down before anything is shown."""

from uuid import UUID, uuid4

import pytest

from domain.account_events import LogRead
from tests.interfaces.admin.inside.looking import REASON, inside, rows
from tests.interfaces.admin.visitors import HTMX, Visitor, visiting
from tests.interfaces.http.audits import Told, read_by, reads_of
from tests.interfaces.http.house import House

PAGES = ("timeline", "at", "at/view", "play", "requests")


async def test_without_a_reason_nothing_is_shown_or_written_down(
    house: House, auditor: Visitor, seen: Told
) -> None:
    before = await house.last_position()
    paths = [f"{inside(seen)}/{page}" for page in (*PAGES, "replay", f"events/{seen.asked}")]
    for path in (*paths, "/_admin/audit", "/_admin/audit/events", "/_admin/audit/events/1"):
        answer = await auditor.open(path)
        assert answer.status_code == 303, path
        assert answer.headers["location"] == f"/_admin/audit/reason?to={path}"
        part = await auditor.open(path, htmx=True)
        assert part.status_code == 204
        assert part.headers["hx-redirect"].startswith("/_admin/audit/reason")
    assert await house.last_position() == before


@pytest.mark.parametrize("url", ["http://[", "//[::", "http://a]/_admin"])
async def test_whatever_page_a_part_was_asked_for_the_reason_is_asked_first(
    auditor: Visitor, seen: Told, url: str
) -> None:
    headers = HTMX | {"hx-current-url": url}
    part = await auditor.browser.get(f"{inside(seen)}/at/view", headers=headers)
    assert (part.status_code, part.headers["hx-redirect"]) == (204, "/_admin/audit/reason?to=")


async def test_every_look_is_written_down_with_who_what_and_why(
    house: House, reading: Visitor, seen: Told
) -> None:
    for page in PAGES:
        assert REASON in await reading.page(f"{inside(seen)}/{page}") or page == "at/view"
    await reading.page(f"{inside(seen)}/at?position={seen.said}")
    assert (await reading.open(f"{inside(seen)}/events/{seen.asked}")).status_code == 200
    found = await reads_of(house, reading.api)
    thread = UUID(seen.thread)
    assert [read_by(one) for one in found] == [
        (thread, "thread_timeline", REASON),
        (thread, "thread_moment", REASON),
        (thread, "moment_view", REASON),
        (thread, "thread_playback", REASON),
        (thread, "thread_requests", REASON),
        (thread, f"thread_moment position={seen.said}", REASON),
        (thread, "thread_event", REASON),
    ]
    assert {one.actor for one in found} == {f"user:{reading.id}"}


async def test_a_moment_that_cannot_be_read_is_no_look(
    house: House, reading: Visitor, seen: Told
) -> None:
    before = await house.last_position()
    assert (await reading.open(f"{inside(seen)}/at?position=abc")).status_code == 400
    assert (await reading.open(f"{inside(seen)}/timeline?after=abc")).status_code == 422
    assert (await reading.open(f"/_admin/threads/{uuid4()}/timeline")).status_code == 404
    assert await house.last_position() == before


@pytest.mark.parametrize("given", ["", "  ", "x" * 201, "a\tb", "a\nb"])
async def test_a_reason_is_a_short_line(auditor: Visitor, given: str) -> None:
    answer = await auditor.send("/_admin/audit/reason", {"reason": given, "to": "/_admin/audit"})
    assert answer.status_code == 422
    assert "Say why" in answer.text
    assert "set-cookie" not in answer.headers


async def test_a_reason_is_kept_for_one_auditor_in_one_browser(
    house: House, reading: Visitor, seen: Told
) -> None:
    given = await reading.send("/_admin/audit/reason", {"reason": REASON, "to": "/_admin/audit"})
    assert given.headers["location"] == "/_admin/audit"
    cookie = given.headers["set-cookie"].lower()
    for attribute in ("httponly", "samesite=strict", "path=/;"):
        assert attribute in cookie
    assert "max-age" not in cookie
    other = await visiting(house, "auditor")
    other.browser.cookies.set("threadlog-reason", reading.browser.cookies["threadlog-reason"])
    assert (await other.open(f"{inside(seen)}/timeline")).status_code == 303


@pytest.mark.parametrize("broken", ["x", "{}", "00.!!!", ".", "a" * 3000])
async def test_a_broken_reason_is_none(auditor: Visitor, seen: Told, broken: str) -> None:
    for value in (broken, f"{auditor.id.hex}.{broken}"):
        answer = await auditor.browser.get(
            f"{inside(seen)}/timeline",
            headers={"cookie": f"{_session(auditor)}; threadlog-reason={value}"},
        )
        assert answer.status_code == 303


async def test_nobody_is_led_elsewhere(auditor: Visitor) -> None:
    for to in (
        "https://evil.example/_admin/",
        "//evil.example/_admin/x",
        "/_adminx",
        "javascript:1",
    ):
        answer = await auditor.send("/_admin/audit/reason", {"reason": REASON, "to": to})
        assert answer.headers["location"] == "/_admin/audit", to


async def test_any_conversation_can_be_opened_by_its_id(reading: Visitor, seen: Told) -> None:
    answer = await reading.open(f"/_admin/audit/open?thread=%20{seen.thread}%20")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{inside(seen)}/timeline"
    for wrong in ("", "4711", "x" * 100):
        answer = await reading.open(f"/_admin/audit/open?thread={wrong}")
        assert answer.status_code == 422
        assert "This is not the id of a conversation" in answer.text


async def test_the_list_shows_what_is_active_and_writes_it_down(
    house: House, user: Visitor, reading: Visitor, seen: Told
) -> None:
    await user.api.start()
    await house.projected()
    page = await reading.page("/_admin/audit")
    assert f"{inside(seen)}/timeline" in page
    written = await reads_of(house, reading.api)
    reads = [read_by(one) for one in written]
    assert (UUID(seen.thread), "audit_page", REASON) in reads
    assert len(reads) == page.count("/timeline") > 1
    assert len({one.at for one in written}) == 1, "all in one append"


async def test_the_feed_shows_everybodys_events_and_says_so_in_the_log(
    house: House, reading: Visitor, seen: Told
) -> None:
    page = await reading.page(
        f"/_admin/audit/events?after={seen.asked}&through={seen.ended}&names="
    )
    assert set(rows(page)) <= set(range(seen.asked + 1, seen.ended + 1))
    assert "completion.message_recorded" in page
    only = await reading.page(f"/_admin/audit/events?after={seen.asked}&names=thread.turn_ended")
    assert seen.ended in rows(only)
    assert "completion.message_recorded</code>" not in only
    first, second = [one.event for one in await reads_of(house, reading.api)]
    assert isinstance(first, LogRead)
    assert isinstance(second, LogRead)
    assert (first.after, first.names, first.reason) == (seen.asked, None, REASON)
    assert (second.after, second.names) == (seen.asked, ("thread.turn_ended",))
    assert first.what.startswith("audit_feed after=")


async def test_the_feed_begins_with_the_last_events(house: House, reading: Visitor) -> None:
    end = await house.last_position()
    page = await reading.page("/_admin/audit/events")
    assert max(rows(page)) <= end
    assert min(rows(page)) > end - 100
    event = await reading.open(f"/_admin/audit/events/{end}")
    assert event.json()["position"] == end


async def test_the_feed_refuses_what_it_cannot_show(house: House, reading: Visitor) -> None:
    before = await house.last_position()
    for query, status in (
        ("names=nothing.happened", 422),
        ("after=abc", 422),
        (f"after={before + 1_000_000}", 400),
        (f"through={before + 1_000_000}", 400),
    ):
        answer = await reading.open(f"/_admin/audit/events?{query}")
        assert answer.status_code == status, query
    assert await house.last_position() == before


async def test_only_auditors_audit(house: House, user: Visitor, admin: Visitor) -> None:
    for person in (user, admin):
        for path in ("/_admin/audit", "/_admin/audit/events", "/_admin/audit/reason"):
            assert (await person.open(path)).status_code == 403
        answer = await person.send("/_admin/audit/reason", {"reason": REASON})
        assert answer.status_code == 403


def _session(person: Visitor) -> str:
    return f"threadlog={person.browser.cookies['threadlog']}"
