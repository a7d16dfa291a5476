"""Which tool a person means, as the demo model understands them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from domain.jsonvalue import JsonObject

# What people ask for in plain words -> the names of tools that may know.
_PLAIN = {
    r"\bwhat('s| is)? (the )?(time|day|date)\b": r"clock|time|date",
    r"\banaly[sz](e|ed|es|is|ing)\b": r"analys|analyz",
    r"\bstat(istic)?s\b|\bhow many .*\b(do i|have i|did i|are there|in all|of mine)\b": r"stat",
}


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool of the agent."""

    name: str
    parameters: JsonObject  # JSON schema


def tool_meant(text: str, tools: Sequence[Tool]) -> Tool | None:
    """The tool that the person says to use by its name; or the one for what they ask."""
    lowered = text.lower()
    if re.search(r"\b(use|call|run|start)\b", lowered):
        for tool in tools:
            name = re.escape(tool.name.lower())
            if re.search(rf"\b({name}|{name.replace('_', ' ')})\b", lowered):
                return tool
    for asked, named in _PLAIN.items():
        if re.search(asked, lowered):
            return next((tool for tool in tools if re.search(named, tool.name.lower())), None)
    return None
