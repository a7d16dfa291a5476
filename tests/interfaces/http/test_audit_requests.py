"""What a model was asked and what it answered, as the provider itself saw it."""

import hashlib
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from application.models import close_models, resolve_model
from infrastructure.embedded import EmbeddedPostgres, EmbeddedValkey
from tests.application.house import House as Engine
from tests.application.house import Running
from tests.application.provider_cases import agent
from tests.infrastructure.event_log.databases import new_log
from tests.interfaces.cli.kept import keep
from tests.interfaces.http.audits import ask, see
from tests.interfaces.http.house import Person, open_house
from tests.model_server import ModelServer, as_provider
from tests.model_server import ask as script

NAME = "openai-responses:gpt-5"


@dataclass
class Answered:
    """Two answers of one thread, the second one refused, and what the provider received."""

    auditor: Person
    thread: str
    first: Running
    second: Running
    bodies: list[bytes]

    async def requests(self, **asked: object) -> list[dict[str, Any]]:
        path = f"/v1/audit/threads/{self.thread}/requests"
        return (await see(self.auditor, path, **asked))["items"]


@pytest.fixture(scope="module")
async def answered(postgres: EmbeddedPostgres, valkey: EmbeddedValkey) -> AsyncGenerator[Answered]:
    with ModelServer() as provider:
        with as_provider(provider.url):
            engine = Engine(resolve_model(NAME), spec=agent(NAME))
            first = await engine.answer(script(words=2, calls=[["look", {"q": "ü ☃"}]]))
            refused = script(refuse="overloaded")
            second = await engine.answer(refused, thread_id=first.thread_id)
            await close_models()
        bodies = [exchange.body for exchange in provider.exchanges]
    log = await new_log(postgres)
    await keep(first, log)
    async with open_house(log.url, redis_url=valkey.url, projecting=False) as house:
        auditor = await house.person("auditor")
        yield Answered(auditor, str(first.thread_id), first, second, bodies)


async def test_the_bodies_are_those_that_the_provider_received(answered: Answered) -> None:
    found = await answered.requests()
    assert len(found) == len(answered.bodies) == 3
    for request, body in zip(found, answered.bodies, strict=True):
        sha256 = hashlib.sha256(body).hexdigest()
        assert request["body_sha256"] == request["rebuilt_sha256"] == sha256
        assert request["body"] == json.loads(body)
        assert (request["equal"], request["why_not"]) == (True, None)
    assert [(one["attempt"], one["step"]) for one in found] == [(1, 1), (1, 2), (1, 1)]
    assert {one["model"] for one in found} == {NAME}


async def test_the_answers_are_the_recorded_messages(answered: Answered) -> None:
    called, said, refused = await answered.requests()
    assert called["answer"]["kind"] == said["answer"]["kind"] == "response"
    assert "tool-call" in {part["part_kind"] for part in called["answer"]["parts"]}
    text = "".join(p["content"] for p in said["answer"]["parts"] if p["part_kind"] == "text")
    assert text
    assert answered.first.text().endswith(text)
    assert called["ended"]["name"] == said["ended"]["name"] == "completion.finished"
    assert refused["answer"] is None
    assert refused["ended"]["name"] == "completion.failed"
    assert refused["ended"]["data"]["type"] == "overloaded"


async def test_one_completion_or_attempt_can_be_asked_for(answered: Answered) -> None:
    second = await answered.requests(completion=answered.second.completion.id)
    assert [one["completion_id"] for one in second] == [str(answered.second.completion.id)]
    assert len(await answered.requests(attempt=1)) == 3
    assert await answered.requests(attempt=2) == []


async def test_what_is_no_completion_of_the_thread_is_not_found(answered: Answered) -> None:
    path = f"/v1/audit/threads/{answered.thread}/requests"
    for other in (uuid4(), answered.thread):
        answer = await ask(answered.auditor, path, completion=other)
        assert answer.status_code == 404
        assert answer.json()["type"] == "/problems/completion-not-found"
    for wrong in ({"completion": "x"}, {"attempt": 0}, {"attempt": "first"}):
        assert (await ask(answered.auditor, path, **wrong)).status_code == 422
