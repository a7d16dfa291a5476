"""A conversation as it stood at any moment."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.interfaces.admin.inside.looking import conversation, inside
from tests.interfaces.admin.visitors import Visitor
from tests.interfaces.http.audits import Told
from tests.interfaces.http.house import House


async def test_it_shows_what_had_been_said_by_then(user: Visitor, seen: Told) -> None:
    def at(position: int) -> str:
        return f"{inside(seen)}/at?position={position}"

    asked = conversation(await user.page(at(seen.asked)))
    assert "Hello ☃" in asked
    said = conversation(await user.page(at(seen.said)))
    assert "Hello" in said.replace("Hello ☃", "")
    assert "yourself" not in said
    assert "yourself" in conversation(await user.page(at(seen.ended)))
    now = conversation(await user.page(f"{inside(seen)}/at"))
    assert now == conversation(await user.page(at(seen.ended)))


async def test_the_slider_gets_the_same_without_the_rest_of_the_page(
    user: Visitor, seen: Told
) -> None:
    whole = await user.page(f"{inside(seen)}/at?position={seen.said}")
    part = await user.page(f"{inside(seen)}/at/view?position={seen.said}", htmx=True)
    assert conversation(part) == conversation(whole)
    assert "<html" not in part
    assert f'data-position="{seen.said}" hx-swap-oob="true"' in part


async def test_it_says_what_the_event_changed(user: Visitor, seen: Told) -> None:
    page = await user.page(f"{inside(seen)}/at?position={seen.ended}")
    assert "What changed here" in page
    assert "message count" in page
    assert "<del>1</del> <ins>2</ins>" in page
    beginning = await user.page(f"{inside(seen)}/at?position={seen.asked}")
    assert "<ins>“" not in beginning


async def test_a_stop_of_the_slider_is_a_position(user: Visitor, seen: Told) -> None:
    events = (await user.api.get(f"/v1/threads/{seen.thread}/events"))["items"]
    positions = [event["position"] for event in events]
    for stop in (0, 3, len(positions) - 1):
        answer = await user.open(f"{inside(seen)}/at?stop={stop}")
        assert answer.status_code == 303
        assert answer.headers["location"].endswith(f"/at?position={positions[stop]}")
    beyond = await user.open(f"{inside(seen)}/at?stop=999999")
    assert beyond.headers["location"].endswith(f"/at?position={positions[-1]}")


async def test_a_moment_may_be_a_time(house: House, user: Visitor, seen: Told) -> None:
    entry = (await house.log.reader.read_after(seen.said - 1, limit=1)).entries[0]
    time = entry.recorded_at.isoformat().replace("+00:00", "Z")
    page = await user.page(f"{inside(seen)}/at?position={time}")
    assert conversation(page) == conversation(
        await user.page(f"{inside(seen)}/at?position={seen.said}")
    )


@pytest.mark.parametrize("page", ["at", "at/view", "play"])
async def test_what_is_no_moment_of_it_is_refused_on_a_page(
    house: House, user: Visitor, seen: Told, page: str
) -> None:
    before = await house.last_position()
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    for position, status in (
        ("abc", 400),
        ("-1", 400),
        ("2026-11-22", 400),
        ("2026-13-99T00:00:00Z", 400),
        (str(2**63), 400),
        (str(before + 1_000_000), 400),
        (tomorrow, 400),
        ("1", 404),
        ("2020-01-01T00:00:00Z", 404),
        ("x" * 65, 422),
    ):
        answer = await user.open(f"{inside(seen)}/{page}?position={position}")
        assert answer.status_code == status, (position, answer.status_code)
        assert answer.headers["content-type"].startswith("text/html")
    assert await house.last_position() == before
