"""One line of `threadlog doctor`."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """What was looked at, how it is, and what to do when it is a problem."""

    state: Literal["ok", "note", "problem"]
    name: str
    told: str
    advice: str = ""


def ok(name: str, told: str) -> Finding:
    """As it should be."""
    return Finding("ok", name, told)


def note(name: str, told: str) -> Finding:
    """Good to know."""
    return Finding("note", name, told)


def problem(name: str, told: str, advice: str) -> Finding:
    """Somebody has to do something."""
    return Finding("problem", name, told, advice)
