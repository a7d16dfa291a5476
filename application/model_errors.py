"""What an exception of a model run means: for the user, and for whoever decides to try again."""

import math
import re
from dataclasses import dataclass, replace
from typing import Literal, cast

from pydantic_ai import exceptions as pydantic_ai
from pydantic_ai.messages import ModelResponse

from application.answer_limit import AnswerTooLong
from application.models import (
    ModelKeyMissing,
    ProviderNotInstalled,
    UnknownModel,
    caused_by,
    why_not_recorded,
)

FailureType = Literal[
    "rate_limited",
    "overloaded",
    "timeout",
    "rejected",
    "context_too_long",
    "authentication",
    "internal",
]


@dataclass(frozen=True, slots=True)
class ModelFailure:
    """Why the model gave no answer.

    `overloaded` is every way in which a provider is not there at the moment: overload, an error of
    its own (5xx), an unreachable host, a connection that broke. `internal` is an answer that cannot
    be read, and whatever has no other name.
    """

    type: FailureType
    message: str
    """For the user: our own words, never the exception's, which may hold secrets or prompts."""
    retryable: bool
    """Whether the same request may succeed later."""
    status: int | None = None
    """The provider's HTTP status; of an error inside a stream, the status it stands for."""
    request_id: str | None = None
    """The provider's, to ask its support about."""
    retry_after_seconds: float | None = None
    """How long the provider asked to wait."""


class AnswerEndedEarly(Exception):
    """The model's answer ended before the model had finished it."""


def ended_early(response: ModelResponse) -> bool:
    """Whether a provider's stream ended cleanly, but without its reason for the end.

    A proxy that loses its upstream can do that; pydantic-ai takes the part for the whole. Raise
    AnswerEndedEarly then. Never true of a model without a provider, such as the demo model.
    """
    return response.provider_name is not None and "finish_reason" not in (
        response.provider_details or {}
    )


def classify(error: BaseException) -> ModelFailure:
    """The failure that an exception of a model run, of resolving its model, or of its log means."""
    if isinstance(error, BaseExceptionGroup):  # such as the errors of a model and its fallbacks
        return classify(cast("BaseExceptionGroup[BaseException]", error).exceptions[-1])
    if why_not_recorded(error) is not None:
        return _INTERNAL
    if isinstance(error, ModelKeyMissing):
        return _final("authentication", str(error))
    if isinstance(error, UnknownModel | ProviderNotInstalled):
        return _final("rejected", str(error))
    if caused_by(error, AnswerTooLong):
        return _TOO_MUCH
    if isinstance(error, pydantic_ai.ModelAPIError):
        return _api_failure(error)
    if _is_unreadable(error):
        return _UNREADABLE
    if _is_empty(error):
        return _EMPTY
    return next((failure for kind, failure in _OTHERS if isinstance(error, kind)), _INTERNAL)


def _api_failure(error: pydantic_ai.ModelAPIError) -> ModelFailure:
    """By the first class that fits, else by the status."""
    status = error.status_code if isinstance(error, pydantic_ai.ModelHTTPError) else None
    found = next((failure for kind, failure in _API if isinstance(error, kind)), None)
    if found is None:
        found = _by_status(status)
    return replace(
        found,
        retryable=found.retryable and not _advises_against_retry(error),
        status=status,
        request_id=_request_id(error),
        retry_after_seconds=_wait(error.retry_after),
    )


def _by_status(status: int | None) -> ModelFailure:
    if status is None:
        return _UNREADABLE
    if status == 408:
        return _TIMEOUT
    if status == 413:
        return _TOO_LONG
    return _UNAVAILABLE if status in (409, 425) or status >= 500 else _REJECTED


def _advises_against_retry(error: pydantic_ai.ModelAPIError) -> bool:
    return isinstance(error, pydantic_ai.ModelHTTPError) and error.provider_retry_hint is False


def _request_id(error: pydantic_ai.ModelAPIError) -> str | None:
    headers = (isinstance(error, pydantic_ai.ModelHTTPError) and error.headers) or {}
    given = headers.get("x-request-id") or headers.get("request-id") or ""
    return given if re.fullmatch(r"[\w.:/+=-]{1,128}", given, re.ASCII) else None


def _wait(seconds: float | None) -> float | None:
    return seconds if seconds is not None and math.isfinite(seconds) and seconds >= 0 else None


def _is_empty(error: BaseException) -> bool:
    """Whether the model said nothing, and nothing again when it was asked to say something."""
    return type(error) is pydantic_ai.UnexpectedModelBehavior and "output retries" in error.message


def _is_unreadable(error: BaseException) -> bool:
    """Whether an answer of the wrong shape made a provider's code stumble, or the answer is empty.

    Such code asserts and indexes without a check, so any exception may come out of it.
    """
    if type(error) is pydantic_ai.UnexpectedModelBehavior:
        return error.__cause__ is None  # with one, the model used up its tries of a tool
    if not isinstance(
        error, AssertionError | AttributeError | LookupError | TypeError | ValueError
    ):
        return False
    traceback, module = error.__traceback__, ""
    while traceback is not None:
        module = str(traceback.tb_frame.f_globals.get("__name__", ""))
        traceback = traceback.tb_next
    return module.startswith(("pydantic_ai.models.", "openai.", "anthropic."))


def _again(type_: FailureType, message: str) -> ModelFailure:
    return ModelFailure(type_, message, retryable=True)


def _final(type_: FailureType, message: str) -> ModelFailure:
    return ModelFailure(type_, message, retryable=False)


_INTERNAL = _final("internal", "Something went wrong on our side.")
_UNREADABLE = _again("internal", "The model's answer could not be read.")
_EMPTY = _again("internal", "The model's answer was empty.")
_TIMEOUT = _again("timeout", "The model did not answer in time.")
_BROKEN = _again("overloaded", "The connection to the model provider failed or broke.")
_UNAVAILABLE = _again("overloaded", "The model provider has a problem at the moment.")
_OVERLOADED = _again("overloaded", "The model is overloaded at the moment.")
_CUT_SHORT = _again("overloaded", "The model's answer ended before it was complete.")
_TOO_FAST = _again("rate_limited", "The model provider limits how fast we may ask.")
_USED_UP = _final("rate_limited", "The account at the model provider is used up.")
_TOO_LONG = _final("context_too_long", "The conversation is too long for this model.")
_NO_ACCESS = _final("authentication", "The model provider refused our credentials.")
_REJECTED = _final("rejected", "The model provider rejected the request.")
_NOT_FOUND = _final("rejected", "The model provider does not know this model.")
_FILTERED = _final("rejected", "The model provider's content filter stopped the answer.")
_OUT_OF_TOKENS = _final("rejected", "The answer reached the model's limit before it was complete.")
_TOO_MUCH = _final("rejected", "The answer grew longer than answers may be here.")
_OUT_OF_BUDGET = _final("rejected", "The answer reached the agent's usage limit.")
_STUCK = _final("internal", "The model did not get on with its tools.")

# The first that fits counts: a class stands before the classes that it is one of.
_API: tuple[tuple[type[BaseException], ModelFailure], ...] = (
    (pydantic_ai.ModelRateLimitError, _TOO_FAST),
    (pydantic_ai.ModelQuotaExceededError, _USED_UP),
    (pydantic_ai.ModelOverloadedError, _OVERLOADED),
    (pydantic_ai.ModelUnavailableError, _UNAVAILABLE),
    (pydantic_ai.ModelServerError, _UNAVAILABLE),
    (pydantic_ai.ModelTimeoutError, _TIMEOUT),
    (pydantic_ai.ModelRequestTimeout, _TIMEOUT),
    (pydantic_ai.ModelConnectionError, _BROKEN),
    (pydantic_ai.ModelContextWindowExceededError, _TOO_LONG),
    (pydantic_ai.ModelAuthenticationError, _NO_ACCESS),
    (pydantic_ai.ModelNotFoundError, _NOT_FOUND),
    (pydantic_ai.ModelRequestRejectedError, _REJECTED),
)
_OTHERS: tuple[tuple[type[BaseException], ModelFailure], ...] = (
    (pydantic_ai.ContentFilterError, _FILTERED),
    (pydantic_ai.OutputTokenLimitExceeded, _OUT_OF_TOKENS),
    (pydantic_ai.UnexpectedModelBehavior, _STUCK),
    (pydantic_ai.UsageLimitExceeded, _OUT_OF_BUDGET),
    (AnswerEndedEarly, _CUT_SHORT),
    (TimeoutError, _TIMEOUT),
    (ConnectionError, _BROKEN),
)
