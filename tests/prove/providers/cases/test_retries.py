"""A provider in trouble is asked again: each request of each attempt is valid, proved, counted."""

from typing import Any

import pytest

from application.model_retries import ModelRetries
from domain.completion_events import CompletionFailed, CompletionInterrupted
from tests.application.house import Running
from tests.application.provider_talk import Talk, texts
from tests.model_server import ModelServer
from tests.model_server.client import MODELS

QUICK = ModelRetries(most=2, first_seconds=0.01)
MIDDLE: dict[str, Any] = {"words": 20, "reasoning": 2, "after": 14}
TROUBLES: dict[str, dict[str, Any]] = {
    "429 with Retry-After": {
        "words": 2,
        "refuse": "rate_limit",
        "headers": {"retry-after": "0.02"},
    },
    "529 overloaded": {"words": 2, "refuse": "overloaded"},
    "hangs up before a byte": {"words": 2, "fault": "hang up"},
    "cut in mid-stream": {**MIDDLE, "fault": "cut"},
    "garbage in mid-stream": {**MIDDLE, "fault": "garbage"},
    "overloaded in mid-stream": {**MIDDLE, "fault": "error"},
}
TOOLS: dict[str, Any] = {
    "reasoning": 2,
    "preamble": 1,
    "calls": [["look", {"q": "x"}], ["write", {"q": "y"}]],
}


@pytest.fixture(params=MODELS)
async def talk(request: pytest.FixtureRequest, server: ModelServer) -> Talk:
    return Talk(server, request.param, model_retries=QUICK)


def assert_counted_once(talk: Talk, running: Running) -> None:
    """What was answered whole is counted as the provider does, the rest estimated by its size."""
    usage, exchanges = running.said.usage, talk.exchanges
    whole = [one for one in exchanges if one.counted]
    rest = [one for one in exchanges if not one.counted]
    assert usage.requests == len(exchanges)
    assert usage.estimated == bool(rest)
    estimated = usage.input_tokens - sum(one.input_tokens for one in whole)
    assert abs(estimated - sum(one.input_tokens for one in rest)) <= len(rest)
    assert usage.output_tokens >= sum(one.deltas for one in whole)


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_it_is_asked_again_and_answers(talk: Talk, trouble: str):
    script = {**TROUBLES[trouble], "times": 2}
    running = await talk.ends(await talk.begin(**script))
    assert running.said.text == "".join(f"w{n} " for n in range(script["words"]))
    assert [one.reason for one in running.of(CompletionInterrupted)] == ["model_retried"] * 2
    assert len({one.body for one in talk.exchanges}) == 1
    assert_counted_once(talk, running)
    await talk.goes_on(running)
    await talk.prove(requests=4)


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_after_tools_it_is_asked_again_without_running_them_again(talk: Talk, trouble: str):
    script = {**TROUBLES[trouble], "times": 2}
    running = await talk.ends(await talk.begin(**TOOLS, then=script))
    assert sorted(talk.runs) == ["look x", "write y"]
    assert len({one.body for one in talk.exchanges[1:]}) == 1
    assert_counted_once(talk, running)
    await talk.goes_on(running)
    await talk.prove(requests=5)


@pytest.mark.parametrize("before", [{}, TOOLS], ids=["at once", "after tools"])
@pytest.mark.parametrize("trouble", ["429 with Retry-After", "cut in mid-stream"])
async def test_when_all_tries_fail_the_next_question_is_answered(
    talk: Talk, trouble: str, before: dict[str, Any]
):
    script = TROUBLES[trouble]
    running = await talk.begin(**({**before, "then": script} if before else script))
    await talk.ends(running, "failed")
    assert isinstance(running.ended, CompletionFailed)
    assert running.ended.retryable
    assert_counted_once(talk, running)
    following = await talk.goes_on(running)
    assert ("did x" in texts(talk.exchanges[-1])) == bool(before)
    await talk.goes_on(following)
    await talk.prove(requests=len(before and [1]) + 5)


async def test_what_came_before_a_try_that_failed_is_told_once(talk: Talk):
    running = await talk.begin(**{**TOOLS, "calls": [["look", {"q": "slow"}]]})
    await talk.hanging.wait()
    await talk.bring(running, "the first is 41")
    await talk.steer(running, **{**MIDDLE, "fault": "cut", "times": 2})
    talk.release.set()
    await talk.ends(running)
    assert len({one.body for one in talk.exchanges[1:]}) == 1
    assert texts(talk.exchanges[-1]).count("the first is 41") == 1
    await talk.goes_on(running)
    assert texts(talk.exchanges[-1]).count("the first is 41") == 1
    await talk.prove(requests=5)
