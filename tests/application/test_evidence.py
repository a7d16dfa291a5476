"""What was sent to a provider, byte for byte, from the log and its blobs alone."""

import asyncio
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from pydantic_ai import RunContext
from pydantic_ai.models import Model

from application.agents import AgentDeps, AgentSpec
from application.evidence import Evidence, evidence_of
from application.models import resolve_model
from domain.completion_events import CancelRequested, ModelRequested
from domain.refusals import CompletionNotFound
from tests.application.house import House, Running, saying
from tests.model_server import ModelServer, ask, until, without_provider
from tests.model_server.client import MODELS

pytestmark = pytest.mark.usefixtures("server")

CALLS = [["look", {"q": "ü ☃"}], ["count", {"letters": "three"}], ["count", {"nonsense": 1}]]


async def prompt(ctx: RunContext[AgentDeps]) -> str:
    """Another one for each completion."""
    return f"You speak ☃. This is {ctx.deps.completion_id}.\n\nBe kind."


def look(q: str, limit: int | None = None) -> dict[str, object]:
    """Look something up.

    Args:
        q: what to look for
        limit: how much of it
    """
    return {"found": q, "limit": limit, "score": 0.1}


def count(letters: str) -> int:
    return len(letters)


@pytest.fixture(params=MODELS)
async def house(request: pytest.FixtureRequest, server: ModelServer) -> House:
    name = MODELS[request.param]
    spec = AgentSpec(
        model=name,
        system_prompt_builder=prompt,
        tools=[look, count],
        settings={"max_tokens": 5000, "thinking": "low"},
    )
    model: Model = resolve_model(name)
    return House(model, spec=spec, keep_requests=True)


async def evidence(house: House, *completions: UUID) -> list[Evidence]:
    with without_provider():  # as an auditor's machine is
        return [
            one for each in completions for one in await evidence_of(house.log, house.blobs, each)
        ]


async def assert_rebuilt(house: House, server: ModelServer, *runs: Running, requests: int) -> None:
    """All that these completions sent, as the provider received it."""
    found = await evidence(house, *(running.completion.id for running in runs))
    assert [one.why_not for one in found] == [""] * requests
    assert [one.body for one in found] == [e.body for e in server.exchanges[-requests:]]
    assert all(one.equal and one.other_sdk is None for one in found)
    for one in found:
        assert one.asked.body_sha256 is not None
        assert await house.blobs.get(house.user.user_id, one.asked.body_sha256) == one.body


async def test_a_question_and_its_answer_and_the_next_question(house: House, server: ModelServer):
    first = await house.answer(ask('Grüße ☃ "\\', words=4, reasoning=3))
    second = await house.answer(ask("And now?", words=2), thread_id=first.thread_id)
    await assert_rebuilt(house, server, first, second, requests=2)


async def test_steps_with_tools_and_with_wrong_calls(house: House, server: ModelServer):
    then = {"calls": [["look", {"q": "y", "limit": 2}]], "then": {"words": 2}}
    script = {"words": 3, "preamble": 2, "reasoning": 2, "calls": CALLS, "then": then}
    first = await house.answer(ask(**script))
    second = await house.answer(ask("And now?", words=2), thread_id=first.thread_id)
    await assert_rebuilt(house, server, first, second, requests=4)


async def taken_over(house: House, running: Running) -> Running:
    """The next attempt, begun as soon as the one before says no more."""
    async with asyncio.timeout(10):
        while (claimed := await house.try_to_claim(running.completion.id, lost=True)) is None:  # noqa: ASYNC110
            await asyncio.sleep(0)
    return Running(house, claimed, run=house.engine.start(claimed))


async def test_an_answer_whose_first_worker_was_lost(house: House, server: ModelServer):
    script = {
        "calls": [["look", {"q": "x"}]],
        "then": {"words": 9, "fault": "stall", "after": 7, "times": 1},
    }
    before = len(server.exchanges)
    first = await house.begin(ask(str(uuid4()), **script))
    await until(lambda: len(server.exchanges) == before + 2 and server.exchanges[-1].frames == 7)
    second = await taken_over(house, first)
    await first.run.look()
    assert await first.end() == "fenced"
    assert await second.end() == "finished"
    found = await evidence(house, first.completion.id)
    assert [(one.asked.attempt, one.asked.step) for one in found] == [
        (1, 1),
        (1, 2),
        (2, 2),
    ]
    await assert_rebuilt(house, server, second, requests=3)


async def test_a_question_after_a_cancelled_answer(house: House, server: ModelServer):
    first = await house.begin(ask(words=None, reasoning=2, gap_seconds=0.002))
    await until(lambda: "w3 " in first.text())
    house.log.stranger(first.completion.id, CancelRequested())
    await first.run.look()
    assert await first.end() == "cancelled"
    second = await house.answer(ask("And now?", words=2), thread_id=first.thread_id)
    await assert_rebuilt(house, server, first, second, requests=2)


async def test_a_question_after_a_failure_without_an_answer(house: House, server: ModelServer):
    first = await house.answer(ask(refuse="overloaded"))
    empty = await house.answer(ask("Hm?", words=0, then={"words": 1}), thread_id=first.thread_id)
    third = await house.answer(ask("And now?", words=2), thread_id=first.thread_id)
    await assert_rebuilt(house, server, first, empty, third, requests=4)


async def test_what_was_changed_afterwards_is_seen(house: House):
    running = await house.answer(ask(words=2))
    owner = house.user.user_id
    (asked,) = running.of(ModelRequested)
    assert asked.instructions is not None
    house.blobs.kept[owner, asked.instructions] = b"You are somebody else."
    (changed,) = await evidence(house, running.completion.id)
    assert changed.body is not None
    assert b"somebody else" in changed.body
    assert not changed.equal
    del house.blobs.kept[owner, asked.instructions]
    (missing,) = await evidence(house, running.completion.id)
    assert not missing.equal
    assert asked.instructions in missing.why_not


async def test_another_version_of_the_sdk_is_named(house: House):
    running = await house.answer(ask(words=2))
    (one,) = await evidence(house, running.completion.id)
    older = replace(one, asked=replace(one.asked, sdk="pydantic-ai-slim 2.0.0"))
    assert older.equal
    assert older.other_sdk == one.asked.sdk


async def test_a_model_inside_the_process_has_sent_nothing():
    house = House(saying("Hello"))
    running = await house.answer()
    (one,) = await evidence(house, running.completion.id)
    assert not one.was_sent
    assert one.body is None
    assert one.why_not == "answered inside the process"


async def test_there_is_no_evidence_of_what_does_not_exist():
    house = House(saying("Hello"))
    with pytest.raises(CompletionNotFound):
        await evidence(house, uuid4())
