"""A thread as it stood at any moment, and what changed between two, over HTTP."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.interfaces.http.audits import Told, ask, see
from tests.interfaces.http.house import House, Person


def texts(messages: list[dict[str, Any]]) -> list[str]:
    return ["".join(part["content"] for part in message["parts"]) for message in messages]


async def test_the_transcript_is_what_it_was_at_each_position(auditor: Person, seen: Told) -> None:
    begun = await see(auditor, seen.path, as_of=seen.asked)
    assert texts(begun["messages"]) == ["Hello ☃"]
    assert [row["status"] for row in begun["completions"]] == ["pending"]
    half = await see(auditor, seen.path, as_of=seen.said)
    assert texts(half["messages"]) == ["Hello ☃"]
    [completion] = half["completions"]
    assert (completion["status"], completion["text"]) == ("processing", "Hello")
    assert half["position"] == seen.said
    for given in ({}, {"as_of": seen.ended}):
        now = await see(auditor, seen.path, **given)
        assert texts(now["messages"]) == ["Hello ☃", "Hello yourself."]
        assert [row["text"] for row in now["completions"]] == ["Hello yourself."]
        assert (now["position"], now["thread"]["head"]) == (seen.ended, seen.completion)


async def test_now_it_is_what_the_read_tables_show(
    house: House, user: Person, auditor: Person, seen: Told
) -> None:
    await house.projected()
    now = await see(auditor, seen.path)
    thread = await user.get(f"/v1/threads/{seen.thread}")
    messages = (await user.get(f"/v1/threads/{seen.thread}/messages"))["items"]
    [shown], [completion] = (
        [(await user.get(f"/v1/completions/{seen.completion}"))],
        now["completions"],
    )
    for name in thread.keys() & now["thread"].keys():
        assert now["thread"][name] == thread[name], name
    assert [{name: row[name] for name in messages[0]} for row in now["messages"]] == messages
    for name in shown.keys() & completion.keys():
        assert completion[name] == shown[name], name


async def test_a_time_does_as_well_as_a_position(auditor: Person, seen: Told) -> None:
    half = await see(auditor, seen.path, as_of=seen.said)
    assert await see(auditor, seen.path, as_of=half["recorded_at"]) == half
    moment = datetime.fromisoformat(half["recorded_at"])
    east = moment.astimezone(tz=None).isoformat()
    assert await see(auditor, seen.path, as_of=east) == half
    earlier = await see(auditor, seen.path, as_of=(moment - timedelta(microseconds=1)).isoformat())
    assert earlier["position"] < seen.said


async def test_all_branches_are_there_when_they_are_asked_for(
    user: Person, auditor: Person, seen: Told
) -> None:
    body = {"text": "Hello again", "parent_id": None}
    other = await user.post(f"/v1/threads/{seen.thread}/messages", {"text": body["text"]})
    queued = await user.post(f"/v1/threads/{seen.thread}/messages", {"text": "And this"})
    tree = await see(auditor, seen.path, all="true")
    path = await see(auditor, seen.path)
    waiting = {row["id"] for row in tree["messages"]} - {row["id"] for row in path["messages"]}
    assert waiting == {queued["message_id"]}
    assert path["messages"][-1]["id"] == other["message_id"]


async def test_what_changed_between_two_moments_is_told(auditor: Person, seen: Told) -> None:
    changes = await see(auditor, f"{seen.path}/diff", from_=seen.asked, to=seen.ended)
    assert changes["from"]["position"] == seen.asked
    assert changes["to"]["position"] == seen.ended
    assert changes["thread"]["head"] == [seen.message, seen.completion]
    assert [row["id"] for row in changes["messages"]["added"]] == [seen.completion]
    changed = changes["completions"]["changed"][seen.completion]
    assert changed["status"] == ["pending", "completed"]
    assert changed["text"] == ["", "Hello yourself."]
    whole = await see(auditor, f"{seen.path}/diff")
    assert [row["id"] for row in whole["messages"]["added"]] == [seen.message, seen.completion]
    backwards = await see(auditor, f"{seen.path}/diff", from_=seen.ended, to=seen.asked)
    assert [row["id"] for row in backwards["messages"]["removed"]] == [seen.completion]


@pytest.mark.parametrize(
    ("moment", "status", "problem"),
    [
        ("soon", 400, "moment-is-malformed"),
        ("-1", 400, "moment-is-malformed"),
        ("9" * 30, 400, "moment-is-malformed"),
        ("2026-11-22", 400, "moment-is-malformed"),
        ("2026-11-22T07:00:00", 400, "moment-is-malformed"),
        ("9223372036854775807", 400, "position-is-ahead"),
        ("2999-01-01T00:00:00Z", 400, "time-is-ahead"),
        ("0", 404, "thread-not-started-then"),
        ("1999-01-01T00:00:00+02:00", 404, "thread-not-started-then"),
    ],
)
async def test_a_moment_that_cannot_be_shown_is_a_clear_refusal(
    auditor: Person, seen: Told, moment: str, status: int, problem: str
) -> None:
    questions: list[tuple[str, dict[str, object]]] = [
        ("", {"as_of": moment}),
        ("/diff", {"from_": moment}),
        ("/diff", {"to": moment}),
        ("/replay", {"to": moment, "speed": "max"}),
    ]
    for path, asked in questions:
        answer = await ask(auditor, seen.path + path, **asked)
        assert answer.status_code == status, answer.text
        assert answer.json()["type"] == f"/problems/{problem}"
        assert answer.headers["content-type"] == "application/problem+json"


async def test_what_is_no_thread_is_not_found(auditor: Person, seen: Told) -> None:
    for other in (str(uuid4()), seen.completion, str(auditor.id)):
        for path in ("", "/diff", "/replay", "/requests"):
            answer = await ask(auditor, f"/v1/audit/threads/{other}{path}", as_of=1)
            assert answer.status_code == 404
            assert answer.json()["type"] == "/problems/thread-not-found"
    answer = await ask(auditor, "/v1/audit/threads/nonsense")
    assert answer.status_code == 422


async def test_what_happens_meanwhile_changes_no_earlier_moment(
    house: House, user: Person, auditor: Person, seen: Told
) -> None:
    before = await see(auditor, seen.path, as_of=seen.said)
    await user.post(f"/v1/threads/{seen.thread}/messages", {"text": "more"})
    await user.http.delete(f"/v1/threads/{seen.thread}")
    answers = await asyncio.gather(
        *(see(auditor, seen.path, as_of=seen.said) for _ in range(5)),
    )
    assert all(answer == before for answer in answers)
    assert (await see(auditor, seen.path))["thread"]["archived"]
    assert datetime.fromisoformat(before["recorded_at"]) <= datetime.now(UTC)
