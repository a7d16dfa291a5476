"""What a run cost: tokens as the provider counted them, or estimated where it could not."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from pydantic_ai.messages import (
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelResponse,
    TextPart,
    ThinkingPart,
    ToolCallPart,
)
from pydantic_ai.usage import RequestUsage

from domain.completion_events import (
    Chunk,
    CompletionEvent,
    MessageRecorded,
    ModelRequested,
    Usage,
)
from domain.recorded import Recorded

CHARACTERS_PER_TOKEN = 4  # of English prose; only for estimates


def responses_of(messages: Sequence[ModelMessage], *, sent_bytes: int) -> list[ModelResponse]:
    """The responses, the interrupted one with an estimate for what its provider did not count.

    `sent_bytes` is the size of the last request's body, 0 when it is not known.
    """
    return [
        _estimated(message, sent_bytes) if message.state == "interrupted" else message
        for message in messages
        if isinstance(message, ModelResponse)
    ]


def responses_in(events: Iterable[Recorded[CompletionEvent]]) -> list[ModelResponse]:
    """All responses that a completion's events tell of, void ones too: they were paid for.

    A request whose response was never recorded is estimated by its size and by what was typed.
    """
    responses: list[ModelResponse] = []
    asked: ModelRequested | None = None
    typed = 0
    for one in events:
        match one.event:
            case ModelRequested():
                responses += [_abandoned(asked, typed)] if asked else []
                asked, typed = one.event, 0
            case Chunk(text=text):
                typed += len(text)
            case MessageRecorded(message=message) if message["kind"] == "response":
                sent_bytes = (asked and asked.body_bytes) or 0
                recorded = ModelMessagesTypeAdapter.validate_python([message])
                responses += responses_of(recorded, sent_bytes=sent_bytes)
                asked = None
            case _:
                pass
    return [*responses, _abandoned(asked, typed)] if asked else responses


def _abandoned(asked: ModelRequested, typed: int) -> ModelResponse:
    usage = RequestUsage(input_tokens=_tokens(asked.body_bytes or 0), output_tokens=_tokens(typed))
    return ModelResponse([], usage=usage, model_name=asked.model, state="interrupted")


def usage_of(responses: Sequence[ModelResponse]) -> Usage:
    """The sum over all requests that were answered, if only in part."""
    return Usage(
        requests=len(responses),
        input_tokens=sum(response.usage.input_tokens for response in responses),
        output_tokens=sum(response.usage.output_tokens for response in responses),
        cache_read_tokens=sum(response.usage.cache_read_tokens for response in responses),
        cache_write_tokens=sum(response.usage.cache_write_tokens for response in responses),
        estimated=any(response.state == "interrupted" for response in responses),
    )


def cost_microdollars(responses: Sequence[ModelResponse]) -> int | None:
    """At the providers' list prices; None when one of them is not known, or nothing was asked."""
    prices = [_price(response) for response in responses]
    known = [price for price in prices if price is not None]
    if not known or len(known) < len(prices):
        return None
    return round(sum(known) * 1_000_000)


def _price(response: ModelResponse) -> Decimal | None:
    if response.usage.cost is not None:
        return response.usage.cost
    if not response.model_name:
        return None
    try:
        return response.cost().total_price
    except (LookupError, ValueError):
        return None


def _estimated(response: ModelResponse, sent_bytes: int) -> ModelResponse:
    counted = response.usage
    usage = RequestUsage(
        input_tokens=counted.input_tokens or _tokens(sent_bytes),
        output_tokens=max(counted.output_tokens, _tokens(_characters(response))),
        cache_read_tokens=counted.cache_read_tokens,
        cache_write_tokens=counted.cache_write_tokens,
    )
    return replace(response, usage=usage)


def _tokens(characters: int) -> int:
    return -(-characters // CHARACTERS_PER_TOKEN)


def _characters(response: ModelResponse) -> int:
    count = 0
    for part in response.parts:
        if isinstance(part, TextPart | ThinkingPart):
            count += len(part.content)
        elif isinstance(part, ToolCallPart):
            count += len(part.args if isinstance(part.args, str) else part.args_as_json_str())
    return count
