"""What a person has allowed or denied is told validly to every provider, and is proved."""

from typing import Any

import pytest

from application.commands.approvals import deny_open
from tests.application.house import Running, until
from tests.application.provider_talk import TALKS, Talk, outcomes, texts
from tests.model_server import ModelServer

ANN_AND_BOB: list[Any] = [["pay", {"q": "Ann"}], ["look", {"q": "x"}], ["pay", {"q": "Bob"}]]
BY_ITSELF: list[Any] = [["look", {"q": "x"}], ["order", {"q": "tea"}]]
STALLS = {"words": 30, "fault": "stall", "after": 14, "times": 1}
THEN: dict[str, Any] = {"reasoning": 2, "preamble": 1, "words": 2}


@pytest.fixture(params=TALKS)
async def talk(request: pytest.FixtureRequest, server: ModelServer) -> Talk:
    return Talk(server, request.param)


async def waiting(talk: Talk, *calls: Any, **script: Any) -> Running:
    return await talk.ends(await talk.begin(calls=calls, **{**THEN, **script}), "waiting")


@pytest.mark.parametrize("bob", [True, False])
@pytest.mark.parametrize("ann", [True, False])
async def test_two_calls_each_with_its_answer(talk: Talk, ann: bool, bob: bool):
    running = await waiting(talk, *ANN_AND_BOB)
    second = await talk.ends(await talk.approve(running, Ann=ann, Bob=bob))
    expected = {True: "completed", False: "error"}
    assert outcomes(second) == {"x": "completed", "Ann": expected[ann], "Bob": expected[bob]}
    assert talk.runs[1:] == [f"pay {who}" for who, paid in (("Ann", ann), ("Bob", bob)) if paid]
    assert texts(talk.exchanges[-1]).count("As I say.") == [ann, bob].count(False)
    await talk.goes_on(second)
    await talk.prove(requests=3)


@pytest.mark.parametrize("approved", [True, False])
async def test_a_tool_that_asks_by_itself(talk: Talk, approved: bool):
    running = await waiting(talk, *BY_ITSELF)
    second = await talk.ends(await talk.approve(running, tea=approved))
    assert talk.runs == ["look x", *(["order tea"] if approved else [])]
    assert outcomes(second) == {"x": "completed", "tea": "completed" if approved else "error"}
    await talk.goes_on(second)
    await talk.prove(requests=3)


async def test_two_rounds_of_approval(talk: Talk):
    then = {"calls": [["order", {"q": "tea"}]], **THEN}
    running = await waiting(talk, *ANN_AND_BOB, then=then)
    running = await talk.ends(await talk.approve(running, Ann=True, Bob=False), "waiting")
    assert talk.open(running) == {"tea"}
    running = await talk.ends(await talk.approve(running, tea=True))
    assert talk.runs == ["look x", "pay Ann", "order tea"]
    await talk.goes_on(running)
    await talk.prove(requests=4)


async def test_a_worker_that_is_lost_after_the_answers(talk: Talk):
    running = await waiting(talk, *ANN_AND_BOB, then=STALLS)
    second = await talk.approve(running, Ann=False, Bob=True)
    await until(lambda: "w3 " in second.text())
    third = await talk.ends(await talk.lose(second))
    assert talk.runs == ["look x", "pay Bob"]
    assert talk.exchanges[-1].body == talk.exchanges[-2].body
    await talk.goes_on(third)
    await talk.prove(requests=4)


async def test_what_was_steered_and_what_came_while_it_waited(talk: Talk):
    running = await waiting(talk, *ANN_AND_BOB)
    await talk.bring(running, "the result is 42")
    await talk.steer(running, "stop that", words=2)
    await deny_open(talk.house.app.log, running.completion.id, actor="user")
    claimed = await talk.house.claim(running.completion.id)
    second = await talk.ends(talk.start(running, claimed))
    assert talk.runs == ["look x"]
    told = texts(talk.exchanges[-1])
    assert told.count("the result is 42") == told.count("stop that") == 1
    await talk.goes_on(second)
    await talk.prove(requests=3)
