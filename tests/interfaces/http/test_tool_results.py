"""Results from outside over HTTP: with the execution's own token, once."""

import asyncio
import json
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from application.result_tokens import result_token
from domain.catalogue import TERMINAL_NAMES
from domain.execution_events import ExecutionStarted
from domain.ids import follow_up_of
from tests.interfaces.http.house import House, Person
from tests.interfaces.http.tools import Tool, hand_over


async def token_of(house: House, execution_id: UUID) -> str:
    secret = await house.resources.application.result_secret()
    return result_token(secret, execution_id)


async def sender(house: House, tool: Tool) -> httpx2.AsyncClient:
    """Somebody who was given the tool's token and has no key."""
    return house.client(await token_of(house, tool.id))


@pytest.fixture
async def outside(house: House, user: Person) -> Tool:
    return await hand_over(house, user, task=None, continues=True)


async def test_a_result_from_outside_is_shown_and_begins_an_answer(
    house: House, user: Person, outside: Tool
) -> None:
    client = await sender(house, outside)
    answered = await client.post(f"{outside.path}/result", json={"result": {"rows": 3}})
    assert answered.status_code == 202, answered.text
    assert answered.json()["status"] == "completed"
    position = answered.json()["position"]
    assert position == await house.last_position()
    shown = await user.get(outside.path, min_position=position)
    assert (shown["status"], shown["result"]) == ("completed", {"rows": 3})
    follow_up = follow_up_of(outside.thread, execution_id=outside.id)
    [first] = await house.log.read_stream(follow_up)
    assert first.position == position


async def test_an_error_from_outside_is_shown(house: House, user: Person, outside: Tool) -> None:
    client = await sender(house, outside)
    error = {"message": "No such file.", "type": "not_found"}
    answered = await client.post(f"{outside.path}/result", json={"error": error})
    assert (answered.status_code, answered.json()["status"]) == (202, "failed")
    shown = await user.get(outside.path, min_position=answered.json()["position"])
    assert (shown["error_type"], shown["error_message"]) == ("not_found", "No such file.")


async def test_the_same_result_again_is_answered_alike_and_another_is_refused(
    house: House, outside: Tool
) -> None:
    client = await sender(house, outside)
    body = {"result": {"rows": [1, 2], "name": "ü"}}
    first = await client.post(f"{outside.path}/result", json=body)
    other_form = json.dumps({"result": {"name": "ü", "rows": [1, 2]}}, indent=2)
    again = await client.post(
        f"{outside.path}/result",
        content=other_form,
        headers={"content-type": "application/json"},
    )
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    before = await house.last_position()
    for other in ({"result": {"rows": [1, 3]}}, {"error": {"message": "No."}}):
        refused = await client.post(f"{outside.path}/result", json=other)
        assert refused.status_code == 409
        assert refused.json()["type"] == "/problems/execution-has-ended"
    assert await house.last_position() == before


async def test_a_large_result_may_be_sent_and_is_shown_whole(
    house: House, user: Person, outside: Tool
) -> None:
    client = await sender(house, outside)
    result = {"text": "ä" * 400_000}
    first = await client.post(f"{outside.path}/result", json={"result": result})
    again = await client.post(f"{outside.path}/result", json={"result": result})
    assert first.status_code == 202, first.text
    assert again.json() == first.json()
    shown = await user.get(outside.path, min_position=first.json()["position"])
    assert shown["result"] == result
    assert "left out" in shown["content"]


async def test_after_a_cancel_no_result_is_taken(house: House, user: Person, outside: Tool) -> None:
    await user.post(f"{outside.path}/cancel", {})
    client = await sender(house, outside)
    answered = await client.post(f"{outside.path}/result", json={"result": {}})
    assert answered.status_code == 409


async def test_of_a_result_and_a_cancel_at_the_same_moment_one_counts(
    house: House, user: Person
) -> None:
    for _ in range(5):
        tool = await hand_over(house, user, task=None, continues=True)
        client = await sender(house, tool)
        sent, cancelled = await asyncio.gather(
            client.post(f"{tool.path}/result", json={"result": {}}),
            user.http.post(f"{tool.path}/cancel"),
        )
        ends = [name for name in await names_of(house, tool) if name in TERMINAL_NAMES]
        assert len(ends) == 1
        counted = ends == ["tool.finished"]
        assert sent.status_code == (202 if counted else 409)
        assert cancelled.json()["status"] == ("completed" if counted else "cancelled")
        assert cancelled.status_code == (200 if counted else 202)


async def names_of(house: House, tool: Tool) -> list[str]:
    """Of its events, those that its owner does not see too."""
    return [entry.name for entry in await house.log.reader.read_stream(tool.id)]


@pytest.mark.parametrize("runs", [False, True])
async def test_what_our_workers_run_takes_no_result(house: House, user: Person, runs: bool) -> None:
    tool = await hand_over(house, user)
    if runs:
        await tool.happens(ExecutionStarted(1, uuid4()))
    client = await sender(house, tool)
    answered = await client.post(f"{tool.path}/result", json={"result": {}})
    assert answered.status_code == 409
    assert answered.json()["type"] == "/problems/result-not-awaited"


async def test_whoever_has_not_the_token_is_told_the_same_of_everything(
    house: House, user: Person, outside: Tool
) -> None:
    other = await hand_over(house, user, task=None)
    right = await token_of(house, outside.id)
    wrong = [None, await token_of(house, other.id), user.key, right[:-1], right[:-1] + "é", "x"]
    nothing = f"/v1/tool-executions/{uuid4()}/result"
    before = await house.last_position()
    answers = [
        await _deliver(house, token, path)
        for token in wrong
        for path in (f"{outside.path}/result", nothing)
    ]
    answers.append(await _deliver(house, right, nothing))
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].json()["type"] == "/problems/result-token-invalid"
    assert answers[0].headers["www-authenticate"] == "Bearer"
    assert await house.last_position() == before


async def test_an_id_that_is_none_has_no_valid_token_either(house: House, outside: Tool) -> None:
    for nothing in (uuid4(), outside.thread, outside.completion):
        token = await token_of(house, nothing)
        answer = await _deliver(house, token, f"/v1/tool-executions/{nothing}/result")
        assert answer.status_code == 401


async def test_the_token_opens_nothing_else(house: House, outside: Tool) -> None:
    client = await sender(house, outside)
    assert (await client.get(outside.path)).status_code == 401
    assert (await client.post(f"{outside.path}/cancel")).status_code == 401


async def test_the_token_counts_before_the_body_is_looked_at(house: House, outside: Tool) -> None:
    answer = await house.client("wrong").post(f"{outside.path}/result", content=b"no JSON")
    assert answer.status_code == 401


BAD: dict[str, Any] = {
    "nothing": {},
    "both": {"result": {}, "error": {"message": "No."}},
    "a list": {"result": [1]},
    "a text": {"result": "done"},
    "an empty reason": {"error": {"message": ""}},
    "a long reason": {"error": {"message": "a" * 1001}},
    "an unknown type": {"error": {"message": "No.", "type": "tired"}},
    "unknown": {"result": {}, "status": "completed"},
    "NUL": {"result": {"a": "\0"}},
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD.keys())
async def test_what_is_no_result_is_refused(house: House, outside: Tool, body: Any) -> None:
    before = await house.last_position()
    client = await sender(house, outside)
    answer = await client.post(f"{outside.path}/result", json=body)
    assert answer.status_code == 422, answer.text
    assert await house.last_position() == before


async def test_a_result_beyond_a_mebibyte_is_refused(house: House, outside: Tool) -> None:
    client = await sender(house, outside)
    body = {"result": {"text": "a" * 1024 * 1024}}
    assert (await client.post(f"{outside.path}/result", json=body)).status_code == 413


async def _deliver(house: House, token: str | None, path: str) -> httpx2.Response:
    shown = [] if token is None else [(b"Authorization", f"Bearer {token}".encode("latin-1"))]
    return await house.client(None).post(path, json={"result": {}}, headers=shown)
