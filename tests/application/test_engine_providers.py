"""ChatEngine over real sockets: OpenAI Chat, OpenAI Responses and Anthropic."""

import hashlib

import pytest
from pydantic_ai import Agent
from pydantic_ai.models import Model

from application.agents import AgentSpec
from application.models import resolve_model
from domain.completion_events import (
    CancelRequested,
    CompletionFailed,
    ModelRequested,
    ToolReturned,
)
from tests.application.house import House, Running
from tests.model_server import ModelServer, ask, until
from tests.model_server.client import MODELS, look

pytestmark = pytest.mark.usefixtures("server")


@pytest.fixture(params=MODELS)
async def model(request: pytest.FixtureRequest) -> Model:
    return resolve_model(MODELS[request.param])


@pytest.fixture
async def house(model: Model) -> House:
    return House(model, spec=AgentSpec(tools=[look]), keep_requests=True)


def words(count: int) -> str:
    return "".join(f"w{number} " for number in range(count))


async def test_an_answer_is_exactly_what_the_provider_sent(house: House):
    running = await house.answer(ask(words=40, reasoning=3))
    assert running.said.text == running.text() == words(40)
    assert running.text("reasoning") == "r0 r1 r2 "
    assert running.said.usage.output_tokens >= 40
    assert not running.said.usage.estimated


async def test_each_request_is_recorded_with_the_hash_of_its_body_before_it_is_sent(
    house: House, server: ModelServer
):
    house.log.append_seconds = 0.02
    before = len(server.exchanges)
    running = await house.begin(ask(words=3, preamble=2, calls=[["look", {"q": "x"}]]))
    durable_at_arrival: list[int] = []
    await until(lambda: len(server.exchanges) > before)
    durable_at_arrival.append(len(running.of(ModelRequested)))
    assert await running.end() == "finished"
    bodies = [exchange.body for exchange in server.exchanges[before:]]
    asked = running.of(ModelRequested)
    hashes = [hashlib.sha256(body).hexdigest() for body in bodies]
    assert [one.body_sha256 for one in asked] == hashes
    assert [one.step for one in asked] == [1, 2]
    assert durable_at_arrival == [1]
    assert [await house.blobs.get(house.user.user_id, sha256) for sha256 in hashes] == bodies
    assert running.text() == "w0 w1 " + words(3)
    assert running.of(ToolReturned)[0].content == "found x"


async def test_what_a_tool_asks_of_a_model_is_not_taken_for_the_run_s_own_request(
    model: Model, server: ModelServer
):
    async def consult(q: str) -> str:
        async with Agent(model).run_stream(ask(words=2, text=q)) as answer:
            return await answer.get_output()

    before = len(server.exchanges)
    house = House(model, spec=AgentSpec(tools=[consult]))
    running = await house.answer(ask(words=3, calls=[["consult", {"q": "and?"}]]))
    assert running.said.text == words(3)
    assert len(server.exchanges) == before + 3
    own = [server.exchanges[before].body, server.exchanges[before + 2].body]
    hashes = [one.body_sha256 for one in running.of(ModelRequested)]
    assert hashes == [hashlib.sha256(body).hexdigest() for body in own]


async def test_a_second_turn_brings_the_first_one_along(house: House, server: ModelServer):
    first = await house.answer(ask("Remember the owl.", words=3))
    await house.answer(ask("And now?", words=2), thread_id=first.thread_id)
    body = server.exchanges[-1].body
    assert b"Remember the owl." in body
    assert b"w0 w1 w2" in body


async def test_cancelling_hangs_up_and_keeps_what_came(house: House, server: ModelServer):
    running = await house.begin(ask(words=None, gap_seconds=0.005))
    await until(lambda: "w3 " in running.text())
    house.log.stranger(running.completion.id, CancelRequested())
    await running.run.look()
    assert await running.end() == "cancelled"
    assert running.said.text == running.text()
    assert running.said.text.startswith(words(4))
    assert running.said.usage.estimated
    await until(lambda: server.exchanges[-1].end == "hung up")


@pytest.mark.parametrize(
    ("trouble", "kind", "status"),
    [
        ({"refuse": "overloaded"}, "overloaded", 529),
        ({"refuse": "rate_limit"}, "rate_limited", 429),
        ({"refuse": "context_too_long"}, "context_too_long", 400),
        ({"refuse": "key"}, "authentication", 401),
    ],
)
async def test_a_refusal_is_named_for_what_it_is(
    house: House, trouble: dict[str, str], kind: str, status: int
):
    running = await house.answer(ask(**trouble))
    assert isinstance(running.ended, CompletionFailed)
    assert (running.ended.type, running.ended.status) == (kind, status)
    assert running.names.count("model_requested") == 1


@pytest.mark.parametrize("fault", ["cut", "error", "end"])
async def test_a_stream_that_breaks_off_keeps_what_came(house: House, fault: str):
    running = await house.answer(ask(words=50, fault=fault, after=12, gap_seconds=0.001))
    assert isinstance(running.ended, CompletionFailed)
    assert running.ended.type == "overloaded"
    assert running.ended.retryable
    assert running.said.text == running.text()
    assert words(50).startswith(running.text())
    assert len(running.text()) > 6
    assert await _goes_on(house, running) == words(2)


async def _goes_on(house: House, running: Running) -> str:
    following = await house.answer(ask("Again?", words=2), thread_id=running.thread_id)
    return following.said.text


async def test_a_silent_provider_is_left_when_the_time_is_up(model: Model, server: ModelServer):
    house = House(model, deadline_seconds=0.5)
    running = await house.answer(ask(words=20, fault="stall", after=9))
    assert isinstance(running.ended, CompletionFailed)
    assert running.ended.type == "timeout"
    assert running.said.text == running.text()
    await until(lambda: server.exchanges[-1].end == "hung up")


async def test_a_request_waits_for_its_record(house: House, server: ModelServer):
    before = len(server.exchanges)
    house.log.held = True
    running = await house.begin()
    await until(lambda: house.log.wakes != [])
    assert running.of(ModelRequested) == []
    assert len(server.exchanges) == before
    house.log.held = False
    house.log.wake()
    assert await running.end() == "finished"
    assert len(server.exchanges) == before + 1


async def test_what_is_said_and_what_is_asked_are_one_append(house: House):
    running = await house.begin(ask(words=1, calls=[["look", {"q": "x"}]]))
    assert await running.end() == "finished"
    first, second = (
        number for number, name in enumerate(running.names) if name == "model_requested"
    )
    assert running.names[first - 1] == running.names[second - 1] == "message_recorded"
    assert house.log.batches[0] == 2
