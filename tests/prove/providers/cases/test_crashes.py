"""After a worker was lost at any moment, what the next one sends is valid, and is proved."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from domain.completion_events import CompletionFailed, InputTaken, ModelRequested
from tests.application.house import Running, until
from tests.application.provider_talk import Talk, outcomes, texts
from tests.model_server import ModelServer, ask
from tests.model_server.client import MODELS

STALLS: dict[str, Any] = {"words": 30, "reasoning": 2, "fault": "stall", "after": 20, "times": 1}
LONG_ONE = "a longer one, " * 9
CALLS = [["look", {"q": "quick"}], ["write", {"q": "done"}]]
THOUGHT = {"chat": "r0 r1", "responses": "encrypted_content", "anthropic": "signature"}


@pytest.fixture(params=MODELS)
async def talk(request: pytest.FixtureRequest, server: ModelServer) -> Talk:
    return Talk(server, request.param)


async def in_thought(talk: Talk) -> Running:
    running = await talk.begin(**{**STALLS, "reasoning": 30})
    await until(lambda: "r3 " in running.text("reasoning"))
    return await talk.lose(running)


async def in_mid_text(talk: Talk) -> Running:
    running = await talk.begin(**STALLS)
    await until(lambda: "w3 " in running.text())
    return await talk.lose(running)


async def in_arguments(talk: Talk) -> Running:
    calls = [["look", {"q": LONG_ONE}]]
    running = await talk.begin(**{**STALLS, "calls": calls, "preamble": 2, "then": {"words": 2}})
    await until(lambda: "longer" in running.text("tool_arguments"))
    return await talk.lose(running)


async def in_the_second_text(talk: Talk) -> Running:
    running = await talk.begin(preamble=2, reasoning=2, calls=CALLS, then=STALLS)
    await until(lambda: "w3 " in running.text())
    second = await talk.lose(running)
    await talk.ends(second)
    assert talk.runs == ["look quick", "write done"]
    asked, again = talk.exchanges[-2:]
    assert again.body == asked.body
    assert THOUGHT[again.protocol] in texts(again)
    return second


async def after_wrong_arguments(talk: Talk) -> Running:
    calls = [["look", {"wrong": 1}], ["write", {"q": "done"}]]
    running = await talk.begin(calls=calls, then=STALLS)
    await until(lambda: "w3 " in running.text())
    second = await talk.ends(await talk.lose(running))
    asked, again = talk.exchanges[-2:]
    assert again.body == asked.body
    return second


async def in_a_harmless_tool(talk: Talk) -> Running:
    calls = [["write", {"q": "quick"}], ["look", {"q": "slow"}]]
    running = await talk.begin(reasoning=2, preamble=2, calls=calls, words=2)
    await until(lambda: "quick" in outcomes(running) and talk.hanging.is_set())
    second = await talk.ends(await talk.lose(running))
    assert outcomes(second) == {"quick": "completed", "slow": "completed"}
    assert sorted(talk.runs) == ["look slow", "look slow", "write quick"]
    assert THOUGHT[talk.exchanges[-1].protocol] in texts(talk.exchanges[-1])
    return second


async def in_a_tool_with_effects(talk: Talk) -> Running:
    calls = [["write", {"q": "slow"}], ["look", {"q": "quick"}]]
    running = await talk.begin(reasoning=2, preamble=2, calls=calls, words=2)
    await until(lambda: "quick" in outcomes(running) and talk.hanging.is_set())
    second = await talk.ends(await talk.lose(running))
    assert outcomes(second) == {"slow": "outcome_unknown", "quick": "completed"}
    assert sorted(talk.runs) == ["look quick", "write slow"]
    assert "It is not known" in texts(talk.exchanges[-1])
    return second


async def in_an_approved_tool(talk: Talk) -> Running:
    calls = [["pay", {"q": "slow"}], ["look", {"q": "x"}], ["pay", {"q": "Bob"}]]
    running = await talk.begin(reasoning=2, preamble=1, calls=calls, words=2)
    await talk.ends(running, "waiting")
    second = await talk.approve(running, slow=True, Bob=True)
    await until(lambda: "Bob" in outcomes(second) and talk.hanging.is_set())
    third = await talk.ends(await talk.lose(second))
    assert outcomes(third) == {"slow": "outcome_unknown", "x": "completed", "Bob": "completed"}
    assert sorted(talk.runs) == ["look x", "pay Bob", "pay slow"]
    return third


async def after_input_was_taken(talk: Talk) -> Running:
    running = await talk.begin(reasoning=2, calls=[["look", {"q": "slow"}]])
    await talk.hanging.wait()
    await talk.steer(running, **STALLS)
    await talk.bring(running, "the result is 42")
    talk.release.set()
    await until(lambda: "w3 " in running.text())
    second = await talk.ends(await talk.lose(running))
    assert len(second.of(InputTaken)) == 1
    asked, again = talk.exchanges[-2:]
    assert again.body == asked.body
    assert texts(again).count("the result is 42") == texts(again).count("rather two") == 1
    return second


async def before_the_recorded_request_was_sent(talk: Talk) -> Running:
    running = await talk.begin(reasoning=2, calls=[["look", {"q": "slow"}]])
    await talk.hanging.wait()
    await talk.steer(running, words=2)
    await talk.bring(running, "the result is 42")
    talk.at(running, ModelRequested, running.run.hand_over, times=2)
    talk.release.set()
    await talk.ends(running, "handed_over")
    assert len(talk.exchanges) == 1
    claimed = await talk.house.claim(running.completion.id)
    second = await talk.ends(talk.start(running, claimed))
    assert texts(talk.exchanges[-1]).count("the result is 42") == 1
    return second


async def when_it_left_after_its_tools(talk: Talk) -> Running:
    calls = [["write", {"q": "slow"}], ["look", {"q": "quick"}]]
    running = await talk.begin(reasoning=2, preamble=1, calls=calls, words=2)
    await talk.hanging.wait()
    running.run.hand_over()
    talk.release.set()
    await talk.ends(running, "handed_over")
    claimed = await talk.house.claim(running.completion.id)
    second = await talk.ends(talk.start(running, claimed))
    assert sorted(talk.runs) == ["look quick", "write slow"]
    return second


# moment -> requests that were sent, requests that were only recorded
MOMENTS: dict[Callable[[Talk], Awaitable[Running]], tuple[int, int]] = {
    in_thought: (2, 0),
    in_mid_text: (2, 0),
    in_arguments: (3, 0),
    in_the_second_text: (3, 0),
    after_wrong_arguments: (3, 0),
    in_a_harmless_tool: (2, 0),
    in_a_tool_with_effects: (2, 0),
    in_an_approved_tool: (2, 0),
    after_input_was_taken: (3, 0),
    before_the_recorded_request_was_sent: (2, 1),
    when_it_left_after_its_tools: (2, 0),
}


@pytest.mark.parametrize(
    ("moment", "requests"), MOMENTS.items(), ids=[one.__name__ for one in MOMENTS]
)
async def test_the_next_worker_goes_on_and_the_next_question_is_answered(
    talk: Talk, moment: Callable[[Talk], Awaitable[Running]], requests: tuple[int, int]
):
    running = await talk.ends(await moment(talk))
    assert running.names[-1] == "finished"
    await talk.goes_on(running)
    sent, unsent = requests
    await talk.prove(requests=sent + 1, never_sent=unsent)


async def test_a_worker_lost_before_it_asked_anything(talk: Talk):
    asked = await talk.house.ask(ask(words=2))
    await talk.house.claim(asked)
    claimed = await talk.house.claim(asked, lost=True)
    running = Running(talk.house, claimed, run=talk.house.engine.start(claimed))
    await talk.goes_on(await talk.ends(running))
    await talk.prove(requests=2)


@pytest.mark.parametrize("tool", ["look", "write"])
async def test_an_answer_that_no_worker_survives_is_given_up_and_the_next_one_is_told(
    talk: Talk, tool: str
):
    calls = [[tool, {"q": "slow"}], ["look", {"q": "quick"}]]
    first = await talk.begin(reasoning=2, preamble=1, calls=calls, then={**STALLS, "times": 2})
    await until(lambda: "quick" in outcomes(first) and talk.hanging.is_set())
    running = await talk.lose(first)
    await until(lambda: [one.frames for one in talk.exchanges[1:]] == [20])
    running = await talk.lose(running)
    await until(lambda: [one.frames for one in talk.exchanges[1:]] == [20] * 2)
    while running.of(CompletionFailed) == []:
        assert await talk.take_over(running) is None
    await running.run.look()
    await talk.ends(running, "fenced")
    assert isinstance(running.ended, CompletionFailed)
    assert running.ended.type == "worker_lost"
    following = await talk.goes_on(running)
    assert "did quick" in texts(talk.exchanges[-1])
    await talk.goes_on(following)
    await talk.prove(requests=5)
