"""Models by name, over real sockets to a model server that speaks the three protocols."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import pytest
from pydantic_ai import CancellationToken
from pydantic_ai.exceptions import ModelAPIError, RunCancelled
from pydantic_ai.messages import (
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolCallPartDelta,
)
from pydantic_ai.models import Model
from pydantic_ai.models.function import FunctionModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel

from application.model_errors import classify
from application.models import (
    REQUEST_HOOK,
    ModelKeyMissing,
    RequestNotRecorded,
    UnknownModel,
    close_models,
    resolve_model,
    why_not_recorded,
)
from interfaces.agents.demo_model import demo_model
from tests.model_server import ModelServer, ask, until
from tests.model_server.client import MODELS, run

pytestmark = pytest.mark.usefixtures("server")

WHOSE: ContextVar[str] = ContextVar("WHOSE", default="nobody's")


@pytest.fixture(params=MODELS)
async def model(request: pytest.FixtureRequest) -> Model:
    return resolve_model(MODELS[request.param])


@contextmanager
def hooked(hook: Callable[[bytes], Awaitable[None]]) -> Generator[None]:
    token = REQUEST_HOOK.set(hook)
    yield
    REQUEST_HOOK.reset(token)


@contextmanager
def without(*variables: str) -> Generator[None]:
    """The environment without these variables."""
    before = {name: os.environ.pop(name) for name in variables if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(before)


async def test_text_arrives_word_by_word_and_with_its_usage(
    server: ModelServer, model: Model
) -> None:
    ran = await run(model, ask(words=7))
    assert ran.output.split() == [f"w{n}" for n in range(7)]
    deltas = [event for event in ran.events if isinstance(event, PartStartEvent | PartDeltaEvent)]
    assert len(deltas) == 7
    assert ran.usage.output_tokens == 7
    assert ran.usage.input_tokens == server.exchanges[-1].input_tokens
    assert ran.response.finish_reason == "stop"


async def test_reasoning_comes_before_the_text_and_apart_from_it(model: Model) -> None:
    ran = await run(model, ask(words=2, reasoning=3))
    thought, said = ran.response.parts
    assert isinstance(thought, ThinkingPart)
    assert thought.content.split() == ["r0", "r1", "r2"]
    assert isinstance(said, TextPart)
    assert said.content.split() == ["w0", "w1"]


async def test_a_tool_call_streams_its_arguments_and_the_answer_comes_after_its_result(
    server: ModelServer, model: Model
) -> None:
    arguments = {"q": "something rather long"}
    ran = await run(model, ask(words=3, preamble=2, calls=[["look", arguments]]))
    call = next(part for part in ran.messages[1].parts if isinstance(part, ToolCallPart))
    assert call.args_as_dict() == arguments
    pieces = [event.delta for event in ran.events if isinstance(event, PartDeltaEvent)]
    assert sum(isinstance(piece, ToolCallPartDelta) for piece in pieces) > 3
    assert b"found something rather long" in server.exchanges[-1].body
    assert server.exchanges[-1].step == 1
    assert ran.output.split() == ["w0", "w1", "w2"]


async def test_the_hook_has_the_exact_body_and_the_request_waits_for_it(
    server: ModelServer, model: Model
) -> None:
    seen = list[tuple[bytes, float]]()
    before = len(server.exchanges)

    async def hook(body: bytes) -> None:
        await asyncio.sleep(0.02)
        assert len(server.exchanges) == before + len(seen)
        seen.append((body, time.monotonic()))

    with hooked(hook):
        await run(model, ask("Ünïcode ☃", words=1, calls=[["look", {"q": "x"}]]))
    received = server.exchanges[before:]
    assert len(received) == 2
    assert [body for body, _ in seen] == [exchange.body for exchange in received]
    assert all(done < e.arrived_at for (_, done), e in zip(seen, received, strict=True))


async def test_the_hook_runs_in_the_context_of_the_task_that_runs_the_agent(
    server: ModelServer, model: Model
) -> None:
    seen = dict[str, bytes]()

    async def pump(name: str) -> None:
        async def hook(body: bytes) -> None:
            await asyncio.sleep(0)
            assert WHOSE.get() == name
            seen[name] = body

        WHOSE.set(name)
        REQUEST_HOOK.set(hook)
        await run(model, ask(name, words=3))

    await asyncio.gather(*(asyncio.create_task(pump(f"pump {n}")) for n in range(5)))
    assert len(seen) == 5
    assert all(name.encode() in body for name, body in seen.items())
    assert WHOSE.get() == "nobody's"


async def test_a_request_that_could_not_be_recorded_is_not_sent(
    server: ModelServer, model: Model
) -> None:
    async def hook(body: bytes) -> None:
        raise ConnectionResetError("the log is away")

    before = server.ledger.total
    with hooked(hook), pytest.raises((ModelAPIError, RequestNotRecorded)) as caught:
        await run(model, ask())
    assert server.ledger.total == before
    assert classify(caught.value).type == "internal"
    assert isinstance(why_not_recorded(caught.value), ConnectionResetError)


@pytest.mark.parametrize(
    "script",
    [{"words": None, "gap_seconds": 0.005}, {"fault": "stall", "after": 4}],
    ids=["speaking", "silent"],
)
async def test_a_cancelled_run_hangs_up_within_250_ms(
    server: ModelServer, model: Model, script: dict[str, Any]
) -> None:
    token = CancellationToken()
    running = asyncio.create_task(run(model, ask(**script), token=token))
    before = server.ledger.total
    await until(lambda: server.ledger.total > before and server.exchanges[-1].frames >= 4)
    cancelled_at = time.monotonic()
    token.cancel()
    with pytest.raises(RunCancelled):
        await running
    await until(lambda: server.ledger.open_now == 0)
    exchange = server.exchanges[-1]
    assert exchange.end == "hung up"
    assert exchange.ended_at is not None
    assert exchange.ended_at - cancelled_at < 0.25


@pytest.mark.parametrize("refusal", ["rate_limit", "server_error", "overloaded"])
async def test_a_refused_request_is_not_repeated(
    server: ModelServer, model: Model, refusal: str
) -> None:
    before = server.ledger.total
    with pytest.raises(ModelAPIError):
        await run(model, ask(refuse=refusal))
    assert server.ledger.total == before + 1


async def test_the_same_name_is_the_same_model_until_models_are_closed(server: ModelServer) -> None:
    first = resolve_model(MODELS["chat"])
    assert resolve_model(MODELS["chat"]) is first
    await close_models()
    await close_models()
    second = resolve_model(MODELS["chat"])
    assert second is not first
    assert (await run(second, ask(words=1))).output == "w0 "


async def test_a_bare_name_finds_its_provider() -> None:
    assert resolve_model("claude-sonnet-5").system == "anthropic"
    assert isinstance(resolve_model("gpt-5"), OpenAIResponsesModel)
    assert isinstance(resolve_model("o3"), OpenAIResponsesModel)
    assert isinstance(resolve_model("openai-chat:gpt-5"), OpenAIChatModel)


async def test_a_builtin_model_is_built_once_and_needs_no_key() -> None:
    with without("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        demo = resolve_model("demo", builtin={"demo": demo_model})
        assert isinstance(demo, FunctionModel)
        assert resolve_model("demo", builtin={"demo": demo_model}) is demo


@pytest.mark.parametrize("name", ["demon", "llama-9", "nobody:gpt-5", "", ":", "openai:"])
async def test_an_unknown_name_is_refused(name: str) -> None:
    with pytest.raises(UnknownModel, match="provider:name"):
        resolve_model(name)


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("openai-chat:gpt-5", "OPENAI_API_KEY"),
        ("openai-responses:gpt-5", "OPENAI_API_KEY"),
        ("claude-sonnet-5", "ANTHROPIC_API_KEY"),
    ],
)
async def test_a_missing_key_is_named_by_its_variable(name: str, variable: str) -> None:
    await close_models()
    with without("OPENAI_API_KEY", "OPENAI_BASE_URL", "ANTHROPIC_API_KEY"):
        with pytest.raises(ModelKeyMissing, match=variable) as caught:
            resolve_model(name)
        assert caught.value.variable == variable
        failure = classify(caught.value)
        assert failure.type == "authentication"
        assert variable in failure.message


def test_no_provider_is_loaded_before_one_of_its_models_is_used() -> None:
    program = (
        "import sys, application.model_errors, interfaces.agents.demo_model as demo\n"
        "demo.demo_model()\n"
        "print([name for name in ('openai', 'anthropic') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
