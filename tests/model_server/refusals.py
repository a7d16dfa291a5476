"""Error responses as the providers really send them."""

from typing import Any

from tests.model_server.turn import Protocol

# name -> (status, OpenAI type, OpenAI code, Anthropic type, message)
REFUSALS: dict[str, tuple[int, str, str | None, str, str]] = {
    "key": (401, "invalid_request_error", "invalid_api_key", "authentication_error", "bad key"),
    "unknown_model": (404, "invalid_request_error", "model_not_found", "not_found_error", "model"),
    "invalid": (400, "invalid_request_error", None, "invalid_request_error", "bad parameter"),
    "context_too_long": (
        400,
        "invalid_request_error",
        "context_length_exceeded",
        "invalid_request_error",
        "prompt is too long: 210000 tokens > 200000 maximum",
    ),
    "quota": (429, "insufficient_quota", "insufficient_quota", "billing_error", "no credit"),
    "rate_limit": (429, "requests", "rate_limit_exceeded", "rate_limit_error", "slow down"),
    "server_error": (500, "server_error", None, "api_error", "Internal server error"),
    "overloaded": (529, "server_error", None, "overloaded_error", "Overloaded"),
}


def error_response(
    protocol: Protocol, name: str, *, message: str | None = None
) -> tuple[int, dict[str, Any]]:
    """Status and JSON body."""
    status, openai_type, code, anthropic_type, usual = REFUSALS[name]
    message = message or usual
    if protocol == "anthropic":
        return status, {"type": "error", "error": {"type": anthropic_type, "message": message}}
    return status, {"error": {"message": message, "type": openai_type, "param": None, "code": code}}
