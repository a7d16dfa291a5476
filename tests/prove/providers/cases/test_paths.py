"""ChatEngine against everything that a provider may do, on the three protocols: `CASES`."""

import hashlib
from typing import cast

import pytest
from pydantic_ai.models import Model

from application.models import resolve_model
from domain.completion_events import Chunk, CompletionFailed, ToolReturned
from tests.application.house import House, Running
from tests.application.provider_cases import (
    ANSWER_CHARACTERS,
    CASES,
    Case,
    Outcome,
    agent,
    differences,
)
from tests.model_server import Exchange, ModelServer, ask, until
from tests.model_server.client import MODELS
from tests.model_server.turn import Protocol

pytestmark = pytest.mark.usefixtures("server")

IMPATIENT_SECONDS = 0.3


@pytest.fixture(params=MODELS)
def protocol(request: pytest.FixtureRequest) -> Protocol:
    return cast("Protocol", request.param)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_it_ends_as_the_table_says_and_the_thread_goes_on(
    server: ModelServer, protocol: Protocol, case: Case
):
    model = (
        patient_model(protocol) if case.expected.type != "timeout" else impatient_model(protocol)
    )
    house = House(model, spec=agent(), answer_characters=ANSWER_CHARACTERS)
    before = len(server.exchanges)
    running = await house.answer(case.question)
    exchanges = server.exchanges[before:]
    seen = outcome(running, exchanges)
    assert differences(case.at(protocol), seen) == []
    assert_well_formed(house, running)
    if seen.ending == "finished":
        assert_counted_once(running, exchanges)
    await until(lambda: all(exchange.end != "open" for exchange in exchanges))
    following = await house.answer(ask("Again?", words=2), thread_id=running.thread_id)
    assert following.said.text == "w0 w1 "


def patient_model(protocol: Protocol) -> Model:
    return resolve_model(MODELS[protocol])


def impatient_model(protocol: Protocol) -> Model:
    """Under another name, as one name is one model."""
    return resolve_model(f"{MODELS[protocol]}-now", idle_seconds=IMPATIENT_SECONDS)


def outcome(running: Running, exchanges: list[Exchange]) -> Outcome:
    ended = running.ended
    failed = ended if isinstance(ended, CompletionFailed) else None
    return Outcome(
        ending=running.names[-1],
        text=ended.answer.text,
        type=failed and failed.type,
        retryable=failed is not None and failed.retryable,
        status=failed and failed.status,
        reasoning=running.text("reasoning"),
        tools=tuple(returned.outcome for returned in running.of(ToolReturned)),
        requests=len(exchanges),
    )


def assert_well_formed(house: House, running: Running) -> None:
    stream = house.log.stream(running.completion.id)
    assert [one.version for one in stream] == list(range(1, len(stream) + 1))
    text = running.text()
    said = running.ended.answer
    assert (said.text, said.characters) == (text, len(text))
    assert said.sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert all(sum(n for n, _ in one.deltas) == len(one.text) for one in running.of(Chunk))


def assert_counted_once(running: Running, exchanges: list[Exchange]) -> None:
    usage = running.said.usage
    assert usage.requests == len(exchanges)
    assert usage.input_tokens == sum(exchange.input_tokens for exchange in exchanges)
    assert usage.output_tokens == sum(exchange.deltas for exchange in exchanges)
    assert not usage.estimated
