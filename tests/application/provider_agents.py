"""One agent for each protocol, for `THREADLOG_AGENTS` of a product that is tested as a whole."""

from application.agents import AgentSpec
from tests.application.provider_cases import agent
from tests.model_server.client import MODELS


def chat() -> AgentSpec:
    return agent(MODELS["chat"])


def responses() -> AgentSpec:
    return agent(MODELS["responses"])


def anthropic() -> AgentSpec:
    return agent(MODELS["anthropic"])


AGENTS = ",".join(f"{__name__}:{protocol}" for protocol in MODELS)
