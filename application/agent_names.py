"""The setting THREADLOG_AGENTS: which agents there are, read without importing any of them."""

from collections.abc import Sequence
from dataclasses import dataclass


class AgentsSettingInvalid(ValueError):
    """THREADLOG_AGENTS names no agents. Write module:name, several separated by commas."""

    def __init__(self, what: str) -> None:
        super().__init__(f"THREADLOG_AGENTS: {what}")


@dataclass(frozen=True)
class AgentReference:
    """Where an agent's spec is found, and the name that threads know it by."""

    module: str
    attribute: str

    @property
    def name(self) -> str:
        """The attribute without `get_` before it and `_agent_spec` or `_spec` behind it."""
        name = self.attribute.removeprefix("get_")
        return name.removesuffix("_agent_spec").removesuffix("_spec") or name


def agent_references(setting: str) -> list[AgentReference]:
    """From `module:name,other.module:get_support_agent_spec`; the first one is the default agent.

    Raises AgentsSettingInvalid.
    """
    references = [_reference(entry.strip()) for entry in setting.split(",") if entry.strip()]
    if not references:
        raise AgentsSettingInvalid("it is empty; write module:name")
    _refuse_repeated(references)
    return references


def agent_names(setting: str) -> list[str]:
    """The agents' names, the default one first. Raises AgentsSettingInvalid."""
    return [reference.name for reference in agent_references(setting)]


def _reference(entry: str) -> AgentReference:
    module, colon, attribute = entry.partition(":")
    dotted = all(part.isidentifier() for part in module.split("."))
    if not (colon and dotted and attribute.isidentifier()):
        raise AgentsSettingInvalid(f"{entry!r} is not of the form module:name")
    return AgentReference(module, attribute)


def _refuse_repeated(references: Sequence[AgentReference]) -> None:
    names = [reference.name for reference in references]
    for name in names:
        if names.count(name) > 1:
            raise AgentsSettingInvalid(f"two agents are called {name!r}")
