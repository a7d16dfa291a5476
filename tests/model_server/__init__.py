"""A model provider for tests: OpenAI Chat, OpenAI Responses and Anthropic over real sockets."""

from tests.model_server.exchange import Exchange
from tests.model_server.script import Script, ask
from tests.model_server.server import ModelServer, as_provider, until, without_provider

__all__ = ["Exchange", "ModelServer", "Script", "as_provider", "ask", "until", "without_provider"]
