"""The live stream of a page: whatever happens and whenever one joins, it is as if one reloaded."""

import asyncio
from uuid import uuid4

import pytest

from tests.interfaces.admin.live.tab import Tab, opened
from tests.interfaces.admin.live.told import Told
from tests.interfaces.admin.visitors import Visitor, stranger, visiting
from tests.interfaces.http.house import House, Json

STREAM = {"accept": "text/event-stream"}
TEXT = (
    "Hello **wor",
    "ld** and `co",
    "de` & <b>more</b>\n\n- one\n- t",
    "wo\n\n```py\nx = 1\n",
    "y = 2\n```\n\n| a | b |\n|---|---|\n| 1 |",
    " 2 |\n\nDone.",
)


async def begun(house: House, user: Visitor) -> tuple[Tab, Told]:
    """The page of a conversation, and its answer, of which nothing was said yet."""
    started = await user.api.start("Tell me")
    tab = await opened(user, started["thread_id"])
    return tab, await Told.of(house, user.api, started)


async def answered(house: House, user: Visitor, tab: Tab, started: Json) -> int:
    """An answer with everything in it, slowly enough to be told in many pieces."""
    told = await Told.of(house, user.api, started)
    await tab.reach(await told.say("Let me see.", kind="reasoning", step=1))
    await told.record(
        {"part_kind": "thinking", "content": "Let me see."},
        {"part_kind": "tool-call", "tool_name": "rooms", "tool_call_id": "rooms", "args": {}},
    )
    await tab.reach(await told.call("rooms"))
    execution = await told.dispatch("search")
    for number, text in enumerate(TEXT):
        await tab.reach(await told.say(text))
        await told.progress(execution, number / 10)
    await told.record({"part_kind": "text", "content": "".join(TEXT)})
    await tab.reach(await told.end_tool(execution))
    return await told.finish()


async def test_whatever_is_streamed_leaves_the_page_as_a_reload_makes_it(
    house: House, user: Visitor
) -> None:
    started = await user.api.start("Tell me")
    tab = await opened(user, started["thread_id"])
    async with tab.listening(user):
        await tab.reach(await answered(house, user, tab, started))
        next_one = {"text": "And then?", "when_busy": "enqueue"}
        path = f"/v1/threads/{started['thread_id']}"
        await tab.reach((await user.api.post(f"{path}/messages", next_one))["position"])
        last = (await user.api.post(f"{path}/messages", next_one))["position"]
        await tab.reach(last)
    assert tab.html == (await opened(user, started["thread_id"])).html
    assert "Hello world and code" in tab.text
    assert "And then?" in tab.text
    assert "Answer finished" in tab.said
    assert {"completed", "tool-started", "tool-completed", "close", "more"} <= set(tab.heard)
    assert set(tab.heard) <= set(tab.listens_to)


async def test_text_that_is_being_said_looks_as_a_reload_makes_it(
    house: House, user: Visitor
) -> None:
    tab, told = await begun(house, user)
    async with tab.listening(user):
        for text in TEXT:
            await tab.reach(await told.say(text))
            assert tab.html == (await opened(user, told.thread_id)).html
    assert {"more", "close"} <= set(tab.heard)


async def test_a_page_that_resumes_anywhere_comes_to_be_the_same(
    house: House, user: Visitor
) -> None:
    started = await user.api.start("Tell me")
    tab = await opened(user, started["thread_id"])
    async with tab.listening(user):
        last = await answered(house, user, tab, started)
        await tab.reach(last)
    assert len(tab.moments) > 8

    async def resumed(position: int) -> str:
        again = tab.as_of(position)
        async with again.listening(user):
            await again.reach(last)
        return again.html

    pages = await asyncio.gather(*map(resumed, tab.moments))
    assert set(pages) == {tab.html}


async def test_a_page_without_a_place_gets_the_whole_conversation(
    house: House, user: Visitor
) -> None:
    tab, told = await begun(house, user)
    last = await told.say("As it **is**")
    async with tab.listening(user, after=""):
        await tab.reach(last)
    assert tab.heard[:2] == ["connected", "reset"]
    assert tab.html == (await opened(user, told.thread_id)).html


async def test_an_auditors_page_has_a_place_for_all_that_is_told_again(
    house: House, user: Visitor, auditor: Visitor
) -> None:
    started = await user.api.start("Tell me")
    path = f"/_admin/chat/{started['thread_id']}"
    await auditor.send("/_admin/audit/reason", {"reason": "Complaint 4711", "to": path})
    tab = await opened(auditor, started["thread_id"])
    told = await Told.of(house, user.api, started)
    last = await told.say("As it **is**")
    async with tab.listening(auditor, after=""):
        await tab.reach(last)
    assert tab.html == (await opened(auditor, started["thread_id"])).html


async def test_the_first_words_come_at_once_and_the_next_ones_together(
    house: House, user: Visitor
) -> None:
    tab, told = await begun(house, user)
    async with tab.listening(user):
        await tab.reach(await told.say("First"))
        count = len(tab.moments)
        for _ in range(20):
            last = await told.say(" word")
        await tab.reach(last)  # pyright: ignore[reportPossiblyUnboundVariable]
    assert len(tab.moments) - count <= 4


async def test_what_one_may_not_see_is_refused_before_the_stream_begins(
    house: House, user: Visitor
) -> None:
    thread = (await user.api.start())["thread_id"]
    path, unknown = f"/_events/chat/{thread}", f"/_events/chat/{uuid4()}"
    other, analyst = await visiting(house), await visiting(house, "analyst")
    assert (await stranger(house).get(path, headers=STREAM)).status_code == 401
    assert (await other.browser.get(path, headers=STREAM)).status_code == 404
    assert (await user.browser.get(unknown, headers=STREAM)).status_code == 404
    refused = await analyst.browser.get(path, headers=STREAM)
    assert refused.status_code == 403
    assert refused.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("cursor", ["x", "01", "-2", "1.5", "9" * 20])
async def test_a_cursor_that_is_none_is_refused(user: Visitor, cursor: str) -> None:
    thread = (await user.api.start())["thread_id"]
    path = f"/_events/chat/{thread}"
    by_query = await user.browser.get(path, params={"after": cursor})
    by_header = await user.browser.get(path, headers={"last-event-id": cursor})
    assert (by_query.status_code, by_header.status_code) == (400, 400)


async def test_a_place_of_another_thread_or_ahead_of_the_log_is_refused(
    house: House, user: Visitor
) -> None:
    thread = (await user.api.start())["thread_id"]
    elsewhere = (await user.api.start())["position"]
    ahead = await house.last_position() + 1_000_000
    for position, status in ((elsewhere, 404), (ahead, 409)):
        answer = await user.browser.get(f"/_events/chat/{thread}", params={"after": position})
        assert answer.status_code == status


async def test_a_page_with_earlier_items_keeps_them_when_all_of_it_is_told_again(
    house: House, user: Visitor
) -> None:
    started = await user.api.start("Tell me")
    tab = Tab(await user.page(f"/_admin/chat/{started['thread_id']}?first=1"))
    assert "first=1" in tab.address
    told = await Told.of(house, user.api, started)
    last = await told.say("As it **is**")
    path = f"/_events/chat/{started['thread_id']}"
    async with user.browser.stream("GET", path, params={"first": 1}, headers=STREAM) as answer:
        async for piece in answer.aiter_raw():
            tab.feed(piece)
            if tab.cursor >= last:
                break
    assert "Show earlier" in tab.text


async def test_a_long_text_that_comes_at_once_comes_block_by_block(
    house: House, user: Visitor
) -> None:
    tab, told = await begun(house, user)
    async with tab.listening(user):
        await tab.reach(await told.say("\n\n".join(f"Paragraph *{n}*." for n in range(600))))
    assert tab.heard.count("close") > 500
    assert tab.html == (await opened(user, told.thread_id)).html
