"""The timeline as owners and auditors see it, and one event as a file."""

import json
from uuid import UUID, uuid4

from tests.interfaces.admin.inside.looking import inside, rows
from tests.interfaces.admin.visitors import Visitor, visiting
from tests.interfaces.http.audits import Told, told
from tests.interfaces.http.house import House


async def test_an_owner_sees_their_public_events_and_no_others(
    house: House, user: Visitor, seen: Told
) -> None:
    page = await user.page(f"{inside(seen)}/timeline?pieces=true")
    public = (await user.api.get(f"/v1/threads/{seen.thread}/events"))["items"]
    assert rows(page) == [event["position"] for event in public]
    assert "message_recorded" not in page
    assert "“Hello ☃”" in page
    assert await house.last_position() == seen.ended


async def test_an_auditor_sees_all_events(house: House, reading: Visitor, seen: Told) -> None:
    page = await reading.page(f"{inside(seen)}/timeline?pieces=true")
    entries = await house.log.reader.read_thread(UUID(seen.thread))
    assert rows(page) == [entry.position for entry in entries]
    assert "completion.message_recorded" in page


async def test_text_is_folded_and_said(user: Visitor, seen: Told) -> None:
    page = await user.page(f"{inside(seen)}/timeline")
    assert "3 pieces" in page
    assert "15 characters of text" in page
    assert "Hello yourself." in page
    assert seen.said in rows(page)
    assert seen.said + 1 not in rows(page)


async def test_a_filter_and_its_empty_fields(user: Visitor, seen: Told) -> None:
    page = await user.page(f"{inside(seen)}/timeline?group=messages&q=%E2%98%83&after=")
    assert len(rows(page)) == 1
    assert "“Hello ☃”" in page
    page = await user.page(f"{inside(seen)}/timeline?group=&q=nothing+like+it")
    assert rows(page) == []
    assert "No such event here" in page


async def test_it_tells_of_new_events_only_when_there_are_some(
    user: Visitor, reading: Visitor, seen: Told
) -> None:
    for person in (user, reading):
        path = f"{inside(seen)}/timeline/new?after="
        assert (await person.open(f"{path}{seen.ended}", htmx=True)).status_code == 204
        assert "1 new event<" in await person.page(f"{path}{seen.ended - 1}", htmx=True)


async def test_an_owners_page_asks_for_news_by_itself_and_an_auditors_does_not(
    user: Visitor, reading: Visitor, seen: Told
) -> None:
    """Each question of an auditor's is a look, and an event."""
    assert "/timeline/new?" in await user.page(f"{inside(seen)}/timeline")
    assert "/timeline/new?" not in await reading.page(f"{inside(seen)}/timeline")


async def test_what_people_and_models_write_is_text(house: House, user: Visitor) -> None:
    attack = '</pre><script>alert("1")</script><img src=x onerror=alert(1)>'
    seen = await told(house, user.api, text=f"Hello {attack}")
    await user.api.http.patch(f"/v1/threads/{seen.thread}", json={"title": attack})
    for path in ("timeline?pieces=true", "at", "requests"):
        page = await user.page(f"{inside(seen)}/{path}")
        assert attack not in page, path
        assert "<img src=x" not in page, path
        assert "<script>" not in page, path


async def test_one_event_is_a_file_as_the_api_gives_it(user: Visitor, seen: Told) -> None:
    answer = await user.open(f"{inside(seen)}/events/{seen.said}")
    public = (await user.api.get(f"/v1/threads/{seen.thread}/events"))["items"]
    assert answer.json() in public
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"].startswith("inline")


async def test_an_internal_event_is_a_file_for_auditors_only(
    house: House, user: Visitor, reading: Visitor, seen: Told
) -> None:
    entries = await house.log.reader.read_thread(UUID(seen.thread), chunks=False)
    [recorded] = [one for one in entries if one.name == "completion.message_recorded"]
    path = f"{inside(seen)}/events/{recorded.position}"
    assert (await user.open(path)).status_code == 404
    stored = (await reading.open(path)).json()
    assert stored["state"] == json.loads(recorded.state)


async def test_an_event_of_another_conversation_is_not_found(
    house: House, user: Visitor, seen: Told
) -> None:
    other = await told(house, user.api)
    for position in (other.asked, 10**9, 0, 2**63 - 1):
        assert (await user.open(f"{inside(seen)}/events/{position}")).status_code == 404


async def test_somebody_elses_conversation_is_as_good_as_none(house: House, seen: Told) -> None:
    for role in ("user", "admin"):
        stranger = await visiting(house, role)
        for path in ("timeline", "timeline/new", "at", "at/view", "play", "replay", "requests"):
            theirs = await stranger.open(f"{inside(seen)}/{path}")
            nobodys = await stranger.open(f"/_admin/threads/{uuid4()}/{path}")
            assert theirs.status_code == nobodys.status_code == 404, path
        assert (await stranger.open(f"{inside(seen)}/events/{seen.asked}")).status_code == 404


async def test_bad_input_is_refused_on_a_page(house: House, user: Visitor, seen: Told) -> None:
    before = await house.last_position()
    for query, status in (
        ("after=abc", 422),
        ("after=-1", 422),
        (f"after={before + 1_000_000}", 400),
        (f"after={2**63}", 422),
        ("group=nothing", 422),
        ("q=" + "x" * 201, 422),
    ):
        answer = await user.open(f"{inside(seen)}/timeline?{query}")
        assert answer.status_code == status, query
        assert answer.headers["content-type"].startswith("text/html")
    assert await house.last_position() == before
