"""After a cancel at any moment the next question is valid for every provider, and is proved."""

from collections.abc import Awaitable, Callable

import pytest

from application.commands.completions import CancelCompletion, cancel_completion
from domain.completion_events import CancelRequested, ToolReturned
from tests.application.house import Running, until
from tests.application.provider_talk import Talk, outcomes
from tests.model_server import ModelServer
from tests.model_server.client import MODELS

SLOW = [["look", {"q": "quick"}], ["write", {"q": "slow"}]]
PACE = {"gap_seconds": 0.002}


@pytest.fixture(params=MODELS)
async def talk(request: pytest.FixtureRequest, server: ModelServer) -> Talk:
    return Talk(server, request.param)


async def in_thought(talk: Talk) -> Running:
    running = await talk.begin(reasoning=100_000, **PACE)
    await until(lambda: "r3 " in running.text("reasoning"))
    return await talk.cancel(running)


async def in_mid_text(talk: Talk) -> Running:
    running = await talk.begin(words=None, reasoning=2, **PACE)
    await until(lambda: "w3 " in running.text())
    return await talk.cancel(running)


async def in_arguments(talk: Talk) -> Running:
    running = await talk.begin(preamble=2, reasoning=2, calls=[["look", None]], **PACE)
    await until(lambda: "on and on" in running.text("tool_arguments"))
    return await talk.cancel(running)


async def in_a_tool(talk: Talk) -> Running:
    running = await talk.begin(preamble=2, reasoning=2, calls=SLOW)
    await until(lambda: outcomes(running) == {"quick": "completed"} and talk.hanging.is_set())
    await talk.cancel(running)
    assert outcomes(running) == {"quick": "completed", "slow": "cancelled"}
    return running


async def after_a_tool(talk: Talk) -> Running:
    """Before the next request."""
    running = await talk.begin(reasoning=2, calls=SLOW)
    await talk.hanging.wait()
    cancel = CancelRequested()
    log, completion = talk.house.log, running.completion.id
    talk.at(running, ToolReturned, lambda: log.stranger(completion, cancel), times=2)
    talk.release.set()
    await talk.ends(running, "cancelled")
    assert outcomes(running) == {"quick": "completed", "slow": "completed"}
    return running


async def in_the_second_text(talk: Talk) -> Running:
    then = {"words": None, "reasoning": 2, **PACE}
    running = await talk.begin(reasoning=2, calls=[["look", {"q": "x"}]], then=then)
    await until(lambda: "w3 " in running.text())
    return await talk.cancel(running)


async def while_waiting(talk: Talk) -> Running:
    calls = [["pay", {"q": "Ann"}], ["look", {"q": "x"}], ["pay", {"q": "Bob"}]]
    running = await talk.begin(reasoning=2, preamble=1, calls=calls)
    await talk.ends(running, "waiting")
    await cancel_completion(
        talk.house.app, CancelCompletion(talk.house.user, running.completion.id)
    )
    assert outcomes(running) == {"x": "completed", "Ann": "cancelled", "Bob": "cancelled"}
    return running


MOMENTS: dict[Callable[[Talk], Awaitable[Running]], int] = {
    in_thought: 1,
    in_mid_text: 1,
    in_arguments: 1,
    in_a_tool: 1,
    after_a_tool: 1,
    in_the_second_text: 2,
    while_waiting: 1,
}


@pytest.mark.parametrize(
    ("moment", "requests"), MOMENTS.items(), ids=[one.__name__ for one in MOMENTS]
)
async def test_after_a_cancel_the_next_questions_are_answered(
    talk: Talk, moment: Callable[[Talk], Awaitable[Running]], requests: int
):
    running = await moment(talk)
    assert running.names[-1] == "cancelled"
    await talk.goes_on(running)
    await talk.goes_on(running)
    await talk.prove(requests=requests + 2)
