"""Models by name: built once per event loop, over our own HTTP client that shows every request.

For workers: importing this module loads pydantic-ai; a provider's SDK is loaded when a model of
that provider is first resolved (seconds of CPU time, so resolve once when a worker starts).
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import httpx2
from pydantic_ai.exceptions import UserError
from pydantic_ai.models import Model, create_async_httpx2_client, infer_model
from pydantic_ai.providers import Provider, infer_provider_class

from application.answer_limit import bound_lines

CONNECT_SECONDS = 5.0
# Shorter than what servers wait for (5 s where vLLM's and uvicorn's defaults stand): a request on a
# connection that the server is just closing would fail.
LIMITS = httpx2.Limits(max_connections=1000, max_keepalive_connections=100, keepalive_expiry=3.0)
IDLE_SECONDS = 60.0

E = TypeVar("E", bound=BaseException)

REQUEST_HOOK: ContextVar[Callable[[bytes], Awaitable[None]] | None] = ContextVar(
    "REQUEST_HOOK", default=None
)
"""Awaited with the exact body of each model request, in the context that makes it, before its first
byte leaves. When it raises, nothing is sent, and `why_not_recorded` finds its error in the one that
the run fails with."""


class UnknownModel(Exception):
    """There is no such model. Write it as provider:name, such as anthropic:claude-sonnet-5."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{type(self).__doc__} Asked for: {name!r}.")


class ProviderNotInstalled(Exception):
    """The software of this model's provider is not installed."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{type(self).__doc__} Asked for: {name!r}.")


class ModelKeyMissing(Exception):
    """The model's provider needs a key, which is not set in the environment."""

    def __init__(self, name: str, variable: str) -> None:
        self.variable = variable
        super().__init__(f"Set {variable} to use the model {name!r}.")


class RequestNotRecorded(Exception):
    """A model request could not be recorded, so it was not sent."""


@dataclass(frozen=True, slots=True)
class _Open:
    model: Model
    client: httpx2.AsyncClient | None


_open: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, _Open]] = WeakKeyDictionary()

_FAMILIES = {"claude": "anthropic", "gpt": "openai", "chatgpt": "openai", "codex": "openai"}


def resolve_model(
    name: str,
    *,
    builtin: Mapping[str, Callable[[], Model]] | None = None,
    idle_seconds: float = IDLE_SECONDS,
) -> Model:
    """The model of that name, the same one each time on this event loop.

    A name is a key of `builtin`, `provider:model` as pydantic-ai writes it (`openai-chat:…`,
    `openai-responses:…`, `anthropic:…`), or the bare name of a Claude, GPT or o-series model. Keys
    and base URLs are read from the provider's own environment variables when the model is built.
    Nothing is tried twice. A provider that sends nothing for `idle_seconds` has timed out;
    connecting may take 5 s.

    Raises UnknownModel, ProviderNotInstalled, ModelKeyMissing.
    """
    here = _open.setdefault(asyncio.get_running_loop(), {})
    if name not in here:
        if builtin is not None and name in builtin:
            here[name] = _Open(builtin[name](), None)
        else:
            here[name] = _open_model(name, idle_seconds=idle_seconds)
    return here[name].model


async def close_models() -> None:
    """Closes this event loop's models and their connections; resolving again opens new ones."""
    for opened in _open.pop(asyncio.get_running_loop(), {}).values():
        if opened.client is not None:
            await opened.client.aclose()


def why_not_recorded(error: BaseException | None) -> BaseException | None:
    """The hook's error, if that is why a run failed. Some SDKs wrap it in an error of their own."""
    found = caused_by(error, RequestNotRecorded)
    return found.__cause__ if found else None


def caused_by(error: BaseException | None, kind: type[E]) -> E | None:
    """The error itself or the first of its causes that is of this kind."""
    seen = set[int]()
    while error is not None and id(error) not in seen:
        if isinstance(error, kind):
            return error
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return None


def _open_model(name: str, *, idle_seconds: float) -> _Open:
    timeout = httpx2.Timeout(idle_seconds, connect=CONNECT_SECONDS)
    client = create_async_httpx2_client(timeout=timeout, limits=LIMITS)
    client.event_hooks["request"].append(_show_request)
    client.event_hooks["response"].append(bound_lines)
    return _Open(build_model(name, client=client), client)


def build_model(
    name: str,
    *,
    client: httpx2.AsyncClient,
    key: str | None = None,
    base_url: str | None = None,
) -> Model:
    """The model of that name on this client, which stays the caller's; a new one each time.

    `key` and `base_url` stand in for the provider's own variables. Raises as `resolve_model`.
    """
    if not all(_qualified(name).partition(":")):
        raise UnknownModel(name)
    try:
        provider = partial(_provider, client=client, key=key, base_url=base_url)
        return infer_model(_qualified(name), provider)
    except UserError as error:
        if variable := re.search(r"`([A-Z0-9_]*(?:KEY|TOKEN)[A-Z0-9_]*)`", error.message):
            raise ModelKeyMissing(name, variable[1]) from error
        raise UnknownModel(name) from error
    except ValueError as error:
        raise UnknownModel(name) from error
    except ImportError as error:
        raise ProviderNotInstalled(name) from error


def _qualified(name: str) -> str:
    if ":" in name:
        return name
    family = name.partition("-")[0]
    provider = "openai" if re.fullmatch(r"o\d", family) else _FAMILIES.get(family)
    return f"{provider}:{name}" if provider else name


def _provider(
    kind: str, *, client: httpx2.AsyncClient, key: str | None, base_url: str | None
) -> Provider[Any]:
    build: Any = infer_provider_class(kind)  # each provider has its own constructor
    provider = build(http_client=client, **({"api_key": key} if key else {}))
    provider.client.max_retries = 0
    if base_url is not None:
        provider.client.base_url = base_url
    return provider


async def _show_request(request: httpx2.Request) -> None:
    hook = REQUEST_HOOK.get()
    if hook is None:
        return
    body = await request.aread()
    try:
        await hook(body)
    except Exception as error:
        raise RequestNotRecorded from error
