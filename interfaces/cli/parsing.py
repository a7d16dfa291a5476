"""How the subcommands of `threadlog` are declared; what each one does it imports when it runs."""

import argparse
from collections.abc import Callable
from typing import Protocol

Handler = Callable[[argparse.Namespace], int]

LAST_POSITION = 2**63 - 1  # of any log


class Commands(Protocol):
    """What argparse gives for a group of subcommands."""

    def add_parser(self, name: str, /, *, help: str) -> argparse.ArgumentParser: ...  # noqa: A002


def add(commands: Commands, name: str, handler: Handler, help_text: str) -> argparse.ArgumentParser:
    """One more subcommand; `handler` returns the exit code: 0 done, 1 failed, 2 asked wrongly."""
    parser = commands.add_parser(name, help=help_text)
    parser.set_defaults(handler=handler)
    return parser


def position(text: str) -> int:
    """An argument that is a position of the log: 0 stands before its first event."""
    if not text.isdecimal() or int(text) > LAST_POSITION:
        raise argparse.ArgumentTypeError(f"not a position of a log: {text[:40]!r}")
    return int(text)


def speed(text: str) -> float:
    """An argument that is how many times as fast; 0: at once, which `max` says, too."""
    factor = 0.0 if text == "max" else float(text)
    if not 0 <= factor < float("inf"):
        raise ValueError
    return factor


def words(text: str) -> list[str]:
    """An argument that is a list, separated by commas."""
    return [word for word in text.split(",") if word]
