"""Conversations on pages: begun, written in, stopped and found, by people with a plain browser."""

import re
from uuid import UUID, uuid4

import pytest

from domain.ids import uuid7
from tests.interfaces.admin.live.tab import opened
from tests.interfaces.admin.visitors import Visitor, stranger, visiting
from tests.interfaces.http.audits import read_by, reads_of
from tests.interfaces.http.house import House
from tests.interfaces.http.worker import answer, ask_first

CHAT = "/_admin/chat"
TOO_LONG = "x" * (256 * 1024 + 1)


async def begun(user: Visitor, message: str = "Hello") -> str:
    """The address of a new conversation."""
    sent = await user.send(f"{CHAT}/new", {"id": uuid7(), "message": message})
    assert sent.status_code == 303, sent.text
    return sent.headers["location"].partition("?")[0]


async def active(user: Visitor, path: str) -> str:
    """The completion whose turn it is."""
    return re.findall(r'name="completion_id" value="([^"]+)"', await user.page(path))[0]


async def test_who_has_no_conversations_is_told_how_to_begin(user: Visitor) -> None:
    page = await user.page(CHAT)
    assert "No conversations yet." in page
    assert 'action="/_admin/chat/new"' in page
    assert '<option value="assistant" selected>' in page


async def test_a_message_that_begins_a_conversation_is_on_its_page_at_once(
    house: House, user: Visitor
) -> None:
    path = await begun(user, "Hello there\nand more")
    page = await user.page(path)
    assert "Hello there\nand more</div>" in page
    assert '<h1 id="title">Hello there</h1>' in page
    assert await user.page(f"{path}?completion_id={uuid4()}")


async def test_a_form_that_is_sent_twice_begins_one_conversation(
    house: House, user: Visitor
) -> None:
    form = {"id": uuid7(), "message": "Hello", "agent": "support"}
    first, second = [await user.send(f"{CHAT}/new", form) for _ in range(2)]
    assert first.headers["location"] == second.headers["location"]
    await house.projected()
    assert (await user.api.get("/v1/threads"))["items"][0]["message_count"] == 1


async def test_a_form_that_began_a_conversation_can_begin_another(user: Visitor) -> None:
    """The browser's way back leads to it."""
    form = {"id": uuid7(), "message": "One"}
    sent = await user.send(f"{CHAT}/new", form, htmx=True)
    assert sent.status_code == 204
    (fresh,) = re.findall(r'"id": "([0-9a-f-]{36})"', sent.headers["hx-trigger"])
    assert fresh != str(form["id"])
    refused = await user.send(f"{CHAT}/new", {**form, "message": "Two"})
    assert refused.status_code == 422
    assert "Send again" in refused.text
    (fresh,) = re.findall(r'name="id" value="([0-9a-f-]{36})"', refused.text)
    again = await user.send(f"{CHAT}/new", {**form, "message": "Two", "id": fresh})
    assert again.headers["location"].startswith(f"{CHAT}/{fresh}")


async def test_a_message_that_is_sent_twice_is_there_once(user: Visitor) -> None:
    path = await begun(user)
    form = {"message_id": uuid7(), "text": "And another one"}
    for htmx in (False, True):
        assert (await user.send(f"{path}/send", form, htmx=htmx)).is_success is htmx
    assert (await user.page(path)).count("And another one</span>") == 1


async def test_htmx_is_given_the_id_of_the_next_message(user: Visitor) -> None:
    path = await begun(user)
    sent = await user.send(f"{path}/send", {"message_id": uuid7(), "text": "More"}, htmx=True)
    assert sent.status_code == 204
    (new,) = re.findall(r'"id": "([0-9a-f-]{36})"', sent.headers["hx-trigger"])
    again = await user.send(f"{path}/send", {"message_id": new, "text": "More"}, htmx=True)
    assert again.status_code == 204
    assert (await user.page(path)).count("More</span>") == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [(" \n ", "The message is empty. Write something first."), (TOO_LONG, "too long")],
)
async def test_what_cannot_be_sent_is_told_and_kept(user: Visitor, text: str, told: str) -> None:
    path = await begun(user)
    form = {"message_id": uuid7(), "text": text}
    plain = await user.send(f"{path}/send", form)
    assert plain.status_code == 422
    assert told in plain.text
    assert f"\n{text}</textarea>" in plain.text
    assert str(form["message_id"]) in plain.text
    partly = await user.send(f"{path}/send", form, htmx=True)
    assert (partly.status_code, partly.headers["hx-retarget"]) == (422, "#notices")
    assert told in partly.text
    assert "<textarea" not in partly.text


async def test_an_archived_conversation_says_so_and_what_to_do(user: Visitor) -> None:
    path = await begun(user)
    assert (await user.send(f"{path}/archive")).status_code == 303
    form = {"message_id": uuid7(), "text": "Too late"}
    refused = await user.send(f"{path}/send", form, htmx=True)
    assert refused.status_code == 409
    assert "archived" in refused.text
    assert "Start a new conversation" in refused.text
    assert "disabled" in (await user.page(path)).partition("<textarea")[2].partition(">")[0]


async def test_a_text_that_changed_under_the_same_id_gets_another_one(user: Visitor) -> None:
    path = await begun(user)
    form = {"message_id": uuid7(), "text": "One"}
    await user.send(f"{path}/send", form)
    refused = await user.send(f"{path}/send", {**form, "text": "One and a half"}, htmx=True)
    assert refused.status_code == 422
    assert "Send again" in refused.text
    assert "threadlog:id" in refused.headers["hx-trigger"]


async def test_an_answer_is_stopped_and_what_waits_has_its_turn(
    house: House, user: Visitor
) -> None:
    path = await begun(user)
    first = await active(user, path)
    await user.send(f"{path}/send", {"message_id": uuid7(), "text": "Then this"})
    assert (await user.send(f"{path}/cancel", {"completion_id": first})).status_code == 303
    page = await user.page(path)
    assert "Stopped" in page
    assert "Then this</div>" in page
    assert (await user.send(f"{path}/cancel", htmx=True)).status_code == 204
    assert "Stop</button>" not in await user.page(path)
    assert (await user.send(f"{path}/cancel")).status_code == 303


async def test_a_message_that_waits_is_withdrawn_and_one_that_does_not_is_not(
    user: Visitor,
) -> None:
    path = await begun(user)
    waiting, delivered = uuid7(), (await opened(user, path.rpartition("/")[2])).first_message
    await user.send(f"{path}/send", {"message_id": waiting, "text": "Never mind"})
    assert "Never mind" in await user.page(path)
    withdrawn = await user.send(f"{path}/messages/{waiting}/withdraw")
    assert withdrawn.status_code == 303
    assert "Never mind" not in await user.page(path)
    late = await user.send(f"{path}/messages/{delivered}/withdraw", htmx=True)
    assert late.status_code == 409
    assert "Stop its answer instead." in late.text


async def test_a_tool_runs_only_where_the_reader_says_so(house: House, user: Visitor) -> None:
    path = await begun(user)
    completion = await active(user, path)
    await ask_first(house, completion, "call_1")
    assert "Needs your decision" in await user.page(path)
    form = {"completion_id": completion, "tool_call_id": "call_1", "approved": "false"}
    assert (await user.send(f"{path}/approvals", form, htmx=True)).status_code == 204
    assert "Denied" in await user.page(path)
    other = await user.send(f"{path}/approvals", {**form, "approved": "true"}, htmx=True)
    assert other.status_code == 409


async def test_a_conversation_is_renamed(user: Visitor) -> None:
    path = await begun(user)
    assert (await user.send(f"{path}/rename", {"title": "A <b>better</b> name"})).status_code == 303
    assert '<h1 id="title">A &lt;b&gt;better&lt;/b&gt; name</h1>' in await user.page(path)


async def test_conversations_are_listed_by_activity_and_found_by_title_and_text(
    house: House, user: Visitor
) -> None:
    older, newer = await begun(user, "About giraffes"), await begun(user, "About zebras")
    await answer(house, await active(user, older), "They have long necks.")
    await house.projected()
    end = await house.last_position()
    assert await house.tables.wait_for_position(end, timeout_seconds=10, projection="search")
    page = await user.page(CHAT)
    assert page.index(older) < page.index(newer)
    assert older in (found := await user.page(f"{CHAT}?q=necks"))
    assert "<mark>necks</mark>" in found
    assert newer not in found
    assert newer in await user.page(f"{CHAT}?q=ZEBRA")
    assert "Nothing has these words." in await user.page(f"{CHAT}?q=elephants")
    await user.send(f"{older}/archive")
    await house.projected()
    assert older not in await user.page(CHAT)
    assert older in await user.page(f"{CHAT}?archived=true")


async def test_the_list_goes_on_where_its_page_ends(house: House, user: Visitor) -> None:
    for number in range(31):
        await user.api.start(f"Number {number}")
    await house.projected()
    page = await user.page(CHAT)
    (more,) = re.findall(r'rel="next" href="([^"]+)"', page)
    assert "Number 0<" not in page
    assert "Number 0<" in await user.page(more.replace("&amp;", "&"))
    assert (await user.open(f"{CHAT}?cursor=nonsense")).status_code == 400


async def test_scripts_may_ask_how_an_answer_and_its_tools_stand(
    house: House, user: Visitor
) -> None:
    path = await begun(user)
    completion = await active(user, path)

    async def status(completion_id: object) -> str:
        return (await user.browser.get(f"{path}/status?completion_id={completion_id}")).json()[
            "status"
        ]

    assert await status(completion) == "pending"
    await answer(house, completion)
    assert await status(completion) == "completed"
    assert await status(uuid4()) == "not_found"
    assert (await user.browser.get(f"{path}/async-tools")).json() == {
        "pending_count": 0,
        "pending": [],
    }


async def test_an_answer_can_be_had_as_its_model_wrote_it(
    house: House, user: Visitor, auditor: Visitor
) -> None:
    path = await begun(user)
    completion = await active(user, path)
    await answer(house, completion, "Some *words*.\n\n```py\nx = 1 < 2\n```\n")
    source = await user.open(f"{path}/answers/{completion}")
    assert source.text == "Some *words*.\n\n```py\nx = 1 < 2\n```\n"
    assert source.headers["content-type"] == "text/plain; charset=utf-8"
    assert (await user.open(f"{path}/answers/{uuid4()}")).status_code == 404
    other = await visiting(house)
    assert (await other.open(f"{path}/answers/{completion}")).status_code == 404
    assert (await auditor.open(f"{path}/answers/{completion}")).status_code == 303
    await auditor.send("/_admin/audit/reason", {"reason": "Complaint 4711", "to": path})
    assert await auditor.page(f"{path}/answers/{completion}") == source.text
    (look,) = [read_by(one) for one in await reads_of(house, auditor.api)]
    assert look == (UUID(path.rpartition("/")[2]), "answer_markdown", "Complaint 4711")


async def test_nobody_else_sees_or_does_anything(house: House, user: Visitor) -> None:
    path = await begun(user, "Mine alone")
    other, nobody = await visiting(house), stranger(house)
    for address in (path, f"{path}/status", f"{path}/async-tools"):
        assert (await other.open(address)).status_code == 404
    for address in (f"{path}/status", f"{path}/async-tools"):
        assert (await nobody.get(address)).status_code == 401
    assert (await nobody.get(path)).status_code == 303
    assert "Mine alone" not in await other.page(f"{CHAT}?q=mine")
    acts = {"send": {"message_id": uuid7(), "text": "x"}, "cancel": {}, "rename": {"title": "x"}}
    for act, form in {**acts, "archive": {}}.items():
        assert (await other.send(f"{path}/{act}", form, htmx=True)).status_code == 404
        elsewhere = await user.browser.post(f"{path}/{act}", data={"title": "x"})
        assert elsewhere.status_code == 403


async def test_an_auditor_says_why_before_a_conversation_is_shown(
    house: House, user: Visitor, auditor: Visitor
) -> None:
    path = await begun(user, "Somebody else's words")
    before = await house.last_position()
    asked = await auditor.open(path)
    assert asked.status_code == 303
    assert asked.headers["location"] == f"/_admin/audit/reason?to={path}"
    part = await auditor.open(path, htmx=True)
    assert (part.status_code, part.text) == (204, "")
    stream = await auditor.open(path.replace("_admin", "_events") + "?after=0")
    assert stream.status_code == 422
    assert "words" not in stream.text
    assert (await auditor.open(f"{path}/status")).status_code == 422
    assert await house.last_position() == before


async def test_an_auditor_reads_everything_changes_nothing_and_is_written_down(
    house: House, user: Visitor, auditor: Visitor
) -> None:
    path = await begun(user, "Somebody else's words")
    await auditor.send("/_admin/audit/reason", {"reason": "Complaint 4711", "to": path})
    for what in ("conversation_page", "conversation_page first=0"):
        page = await auditor.page(path + ("?first=0" if "first" in what else ""))
        assert "Somebody else&#39;s words" in page
        assert "Complaint 4711" in page
        assert "<textarea" not in page
        assert "/send" not in page
    thread = UUID(path.rpartition("/")[2])
    assert [read_by(one) for one in await reads_of(house, auditor.api)] == [
        (thread, "conversation_page", "Complaint 4711"),
        (thread, "conversation_page first=0", "Complaint 4711"),
    ]
    form = {"message_id": uuid7(), "text": "x"}
    assert (await auditor.send(f"{path}/send", form)).status_code == 403


async def test_htmx_gets_the_conversation_alone(user: Visitor) -> None:
    path = await begun(user, "Hello")
    partly = await user.page(path, htmx=True)
    assert "<html" not in partly
    assert 'id="conversation"' in partly


@pytest.mark.parametrize("address", ["nonsense", "01a20600-0000-7000-8000-000000000000"])
async def test_what_is_no_conversation_is_not_found(user: Visitor, address: str) -> None:
    assert (await user.open(f"{CHAT}/{address}")).status_code == 404
