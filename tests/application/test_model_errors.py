"""Every way in which a model can fail, met over real sockets and told in our own words."""

import asyncio
import socket

import pytest
from pydantic_ai.exceptions import (
    FallbackExceptionGroup,
    ModelHTTPError,
    ModelRequestRejectedError,
    RunTimedOut,
    UnexpectedModelBehavior,
    UsageLimitExceeded,
)
from pydantic_ai.models import Model

from application.model_errors import (
    AnswerEndedEarly,
    FailureType,
    ModelFailure,
    classify,
    ended_early,
)
from application.models import close_models, resolve_model
from interfaces.agents.demo_model import demo_model
from tests.model_server import ModelServer, as_provider, ask, until
from tests.model_server.client import MODELS, Run, run

pytestmark = pytest.mark.usefixtures("server")

IDLE_SECONDS = 0.3
SECRET = "sk-secret-from-the-body"


@pytest.fixture(params=MODELS)
async def model(request: pytest.FixtureRequest) -> Model:
    return resolve_model(MODELS[request.param], idle_seconds=IDLE_SECONDS)


async def failure_of(model: Model, prompt: str) -> ModelFailure:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever comes is to be classified
        await run(model, prompt)
    return classify(caught.value)


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [
        ("rate_limit", ("rate_limited", True, 429)),
        ("quota", ("rate_limited", False, 429)),
        ("server_error", ("overloaded", True, 500)),
        ("overloaded", ("overloaded", True, 529)),
        ("context_too_long", ("context_too_long", False, 400)),
        ("invalid", ("rejected", False, 400)),
        ("unknown_model", ("rejected", False, 404)),
        ("key", ("authentication", False, 401)),
    ],
)
async def test_a_refusal_says_what_it_is_and_whether_to_try_again(
    server: ModelServer, model: Model, refusal: str, expected: tuple[FailureType, bool, int]
) -> None:
    failure = await failure_of(model, ask(refuse=refusal))
    assert (failure.type, failure.retryable, failure.status) == expected
    assert failure.request_id == f"req_{server.exchanges[-1].number}"


@pytest.mark.parametrize(
    ("status", "type_", "retryable"),
    [
        (403, "authentication", False),
        (408, "timeout", True),
        (413, "context_too_long", False),
        (418, "rejected", False),
        (422, "rejected", False),
        (502, "overloaded", True),
        (503, "overloaded", True),
        (504, "overloaded", True),
    ],
)
async def test_a_status_alone_is_enough(
    model: Model, status: int, type_: FailureType, retryable: bool
) -> None:
    failure = await failure_of(model, ask(status=status, body={"error": {"message": SECRET}}))
    assert (failure.type, failure.retryable, failure.status) == (type_, retryable, status)
    assert SECRET not in failure.message


async def test_the_wait_that_the_provider_asks_for_is_kept(model: Model) -> None:
    headers = {"retry-after": "7"}
    failure = await failure_of(model, ask(refuse="rate_limit", headers=headers))
    assert failure.retry_after_seconds == 7.0
    failure = await failure_of(model, ask(refuse="rate_limit"))
    assert failure.retry_after_seconds is None


async def test_a_provider_that_advises_against_a_retry_is_heard(model: Model) -> None:
    headers = {"x-should-retry": "false"}
    failure = await failure_of(model, ask(refuse="rate_limit", headers=headers))
    assert failure.type == "rate_limited"
    assert not failure.retryable


@pytest.mark.parametrize("after", [0, 6])
async def test_an_error_inside_the_stream_counts_like_one_before_it(
    model: Model, after: int
) -> None:
    failure = await failure_of(model, ask(fault="error", after=after))
    assert failure.type == "overloaded"
    assert failure.retryable
    assert failure.status in (503, 529)


@pytest.mark.parametrize("after", [0, 1, 6])
async def test_a_cut_connection_is_worth_a_retry(model: Model, after: int) -> None:
    failure = await failure_of(model, ask(fault="cut", after=after))
    assert (failure.type, failure.retryable, failure.status) == ("overloaded", True, None)


@pytest.mark.parametrize(
    "silence",
    [{"delay_seconds": 30.0}, {"fault": "stall"}, {"fault": "stall", "after": 6}],
    ids=["before the response", "before the first frame", "in the middle"],
)
async def test_a_silent_provider_is_a_timeout(
    server: ModelServer, model: Model, silence: dict[str, object]
) -> None:
    async with asyncio.timeout(20 * IDLE_SECONDS):
        failure = await failure_of(model, ask("Hello", **silence))
    assert (failure.type, failure.retryable) == ("timeout", True)
    await until(lambda: server.ledger.open_now == 0)
    assert server.exchanges[-1].end == "hung up"


@pytest.mark.parametrize("after", [0, 6])
async def test_garbage_in_the_stream_cannot_be_read(model: Model, after: int) -> None:
    failure = await failure_of(model, ask(fault="garbage", after=after))
    assert (failure.type, failure.retryable) == ("internal", True)
    assert failure.message == "The model's answer could not be read."


@pytest.mark.parametrize(
    ("protocol", "body"),
    [
        ("chat", "data: [1]\n\n"),
        ("chat", 'data: {"choices":3}\n\n'),
        ("chat", 'data: {"choices":[{"delta":3}]}\n\n'),
        ("responses", "data: 3\n\n"),
        ("responses", 'data: {"type":"response.created","response":3}\n\n'),
        ("anthropic", 'event: message_stop\ndata: {"type":"message_stop"}\n\n'),
        ("anthropic", "event: message_start\ndata: 7\n\n"),
        ("chat", "<html>gateway</html>"),
        ("responses", "<html>gateway</html>"),
        ("anthropic", "<html>gateway</html>"),
    ],
)
async def test_json_of_the_wrong_shape_cannot_be_read_either(protocol: str, body: str) -> None:
    failure = await failure_of(resolve_model(MODELS[protocol]), ask(fault="garbage", body=body))
    assert (failure.type, failure.retryable) == ("internal", True)
    assert failure.message == "The model's answer could not be read."


@pytest.mark.parametrize("protocol", MODELS)
async def test_a_refused_connection_is_worth_a_retry(protocol: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with as_provider(nobody):
        await close_models()
        failure = await failure_of(resolve_model(MODELS[protocol]), ask())
    await close_models()
    assert (failure.type, failure.retryable) == ("overloaded", True)


async def test_an_answer_that_ends_too_early_is_told_from_a_whole_one(model: Model) -> None:
    whole = await run(model, ask(words=5))
    assert not ended_early(whole.response)
    cut_short = await run(model, ask(words=9, fault="end", after=6))
    assert 0 < len(cut_short.output.split()) < 9
    assert ended_early(cut_short.response)
    assert classify(AnswerEndedEarly()).retryable


async def test_the_demo_model_never_ends_too_early() -> None:
    ran: Run = await run(demo_model(), "quickly: how many messages have you seen?")
    assert not ended_early(ran.response)


@pytest.mark.parametrize(
    ("error", "type_", "retryable"),
    [
        (TimeoutError(), "timeout", True),
        (RunTimedOut(SECRET), "timeout", True),
        (ConnectionResetError(SECRET), "overloaded", True),
        (UsageLimitExceeded(SECRET), "rejected", False),
        (RuntimeError(SECRET), "internal", False),
        (AssertionError(SECRET), "internal", False),
        (KeyError(SECRET), "internal", False),
        (asyncio.CancelledError(SECRET), "internal", False),
    ],
)
def test_what_is_not_the_providers_has_a_type_too(
    error: BaseException, type_: FailureType, retryable: bool
) -> None:
    failure = classify(error)
    assert (failure.type, failure.retryable) == (type_, retryable)
    assert SECRET not in failure.message


def test_a_model_that_used_up_its_tries_of_a_tool_is_not_asked_again() -> None:
    error = UnexpectedModelBehavior("Tool 'look' exceeded max retries count of 1")
    error.__cause__ = ValueError("q is missing")
    assert not classify(error).retryable


def test_of_several_models_the_last_ones_failure_counts() -> None:
    refused = ModelHTTPError.for_category(
        ModelRequestRejectedError, status_code=400, model_name="second"
    )
    group = FallbackExceptionGroup("all failed", [TimeoutError(), refused])
    assert classify(group).type == "rejected"


def test_a_request_id_that_is_not_one_is_left_out() -> None:
    headers = {"x-request-id": "<script>" + "x" * 500}
    assert classify(ModelHTTPError(500, "m", headers=headers)).request_id is None
