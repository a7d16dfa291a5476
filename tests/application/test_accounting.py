"""What a run cost, counted, estimated or unknown."""

from decimal import Decimal

from pydantic_ai.messages import ModelRequest, ModelResponse, TextPart, ThinkingPart, ToolCallPart
from pydantic_ai.usage import RequestUsage

from application.accounting import cost_microdollars, responses_of, usage_of
from domain.completion_events import Usage


def response(
    *, tokens: int = 0, model: str | None = "gpt-4o", cost: Decimal | None = None
) -> ModelResponse:
    usage = RequestUsage(input_tokens=tokens, output_tokens=tokens, cost=cost)
    return ModelResponse(
        [TextPart("x" * 400)], usage=usage, model_name=model, provider_name="openai"
    )


def test_all_requests_of_a_run_are_counted():
    messages = [ModelRequest([]), response(tokens=10), ModelRequest([]), response(tokens=5)]
    responses = responses_of(messages, sent_bytes=0)
    assert usage_of(responses) == Usage(requests=2, input_tokens=15, output_tokens=15)


def test_what_the_provider_did_not_count_of_an_interrupted_response_is_estimated():
    parts = [ThinkingPart("t" * 40), TextPart("x" * 41), ToolCallPart("look", '{"q": 12}')]
    interrupted = ModelResponse(parts, state="interrupted")
    (estimated,) = responses_of([interrupted], sent_bytes=400)
    assert usage_of([estimated]) == Usage(1, input_tokens=100, output_tokens=23, estimated=True)


def test_what_it_did_count_stands():
    counted = RequestUsage(input_tokens=7, output_tokens=900, cache_read_tokens=3)
    interrupted = ModelResponse([TextPart("x")], usage=counted, state="interrupted")
    (estimated,) = responses_of([interrupted], sent_bytes=400)
    usage = usage_of([estimated])
    assert (usage.input_tokens, usage.output_tokens, usage.cache_read_tokens) == (7, 900, 3)


def test_the_price_is_the_provider_s_list_price_in_millionths_of_a_dollar():
    assert cost_microdollars([response(tokens=1000)]) == 12_500
    assert cost_microdollars([response(tokens=1000), response(tokens=1000)]) == 25_000
    assert cost_microdollars([response(cost=Decimal("0.5"))]) == 500_000


def test_an_estimate_is_priced_as_such():
    interrupted = ModelResponse(
        [TextPart("x" * 4000)], state="interrupted", model_name="gpt-4o", provider_name="openai"
    )
    assert cost_microdollars(responses_of([interrupted], sent_bytes=4000)) == 12_500


def test_one_unknown_price_makes_the_whole_unknown():
    unknown = response(tokens=1000, model="no-such-model")
    assert cost_microdollars([response(tokens=1000), unknown]) is None
    assert cost_microdollars([response(tokens=1, model=None)]) is None
    assert cost_microdollars([]) is None
