"""What models were asked, as auditors see it."""

import hashlib
import importlib
import re
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest

from application.ports import StreamAppend
from domain.completion_events import ModelRequested
from tests.interfaces.admin.inside.looking import inside
from tests.interfaces.admin.visitors import Visitor
from tests.interfaces.http.audits import Told
from tests.interfaces.http.house import House
from tests.interfaces.http.worker import Worker

OTHER = "ab" * 32  # of another body


@pytest.fixture(scope="module", autouse=True)
def libraries() -> None:
    """They take seconds: before anybody waits for an answer."""
    for name in ("application.evidence", "pydantic_ai.models.openai"):
        importlib.import_module(name)


@dataclass
class Asked:
    """A request that was begun, and its page."""

    path: str
    completion: str
    position: int


async def ask(house: House, user: Visitor, *, sha256: str | None) -> Asked:
    """A worker that is about to send a body with this hash; None: the model is inside it."""
    started = await user.api.start("What <b>now</b>?")
    completion = UUID(started["completion_id"])
    await Worker.claim(house, started["completion_id"])
    stream = await house.log.read_stream(completion)
    request = ModelRequested(
        attempt=1,
        step=1,
        model="gpt-5",
        settings={"max_tokens": 7},
        tools=None,
        instructions=None,
        messages=(),
        sdk="of the test",
        body_sha256=sha256,
        named="openai-chat:gpt-5",
    )
    append = StreamAppend(
        completion, len(stream), [request], stream[0].thread_id, stream[0].owner_id
    )
    [recorded] = await house.log.append(append, actor="worker:test")
    path = f"/_admin/threads/{started['thread_id']}/requests"
    return Asked(path, str(completion), recorded.position)


async def test_a_request_is_written_again_and_compared_with_what_was_sent(
    house: House, user: Visitor, reading: Visitor
) -> None:
    asked = await ask(house, user, sha256=OTHER)
    page = await reading.page(asked.path)
    assert "Not equal" in page
    assert "openai-chat:gpt-5" in page
    assert "Attempt 1, step 1" in page
    assert "It is under way" in page
    body = await reading.open(f"{asked.path}/{asked.position}")
    assert body.headers["content-type"] == "application/json"
    assert body.json()["model"] == "gpt-5"
    [recorded, rebuilt] = re.findall(r"\b[0-9a-f]{64}\b", page)
    assert (recorded, rebuilt) == (OTHER, hashlib.sha256(body.content).hexdigest())

    same = await ask(house, user, sha256=rebuilt)
    page = await reading.page(f"{same.path}?completion={same.completion}")
    assert "Every byte is equal" in page
    assert "Not equal" not in page


async def test_a_model_inside_the_process_is_sent_nothing(
    house: House, user: Visitor, reading: Visitor
) -> None:
    asked = await ask(house, user, sha256=None)
    page = await reading.page(asked.path)
    assert "Nothing was sent" in page
    assert (await reading.open(f"{asked.path}/{asked.position}")).status_code == 404


async def test_a_conversation_without_requests_says_so(reading: Visitor, seen: Told) -> None:
    assert "No request was sent" in await reading.page(f"{inside(seen)}/requests")


async def test_what_is_no_answer_of_the_conversation_is_not_found(
    reading: Visitor, seen: Told
) -> None:
    path = f"{inside(seen)}/requests"
    assert (await reading.open(f"{path}?completion=x")).status_code == 422
    for missing in (f"{path}?completion={uuid4()}", f"{path}/{seen.asked}"):
        answer = await reading.open(missing)
        assert answer.status_code == 404
        assert "<h1>Not found</h1>" in answer.text, "a page, and not what programs are told"


async def test_owners_are_told_who_may(user: Visitor, seen: Told) -> None:
    page = await user.page(f"{inside(seen)}/requests")
    assert "keys issue --role auditor" in page
    assert (await user.open(f"{inside(seen)}/requests/{seen.asked}")).status_code == 404
