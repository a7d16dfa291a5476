"""Arguments of the command `threadlog`; each subcommand imports what it needs when it runs."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import Protocol

Handler = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 1 failed, 2 asked wrongly."""
    options = _parser().parse_args(arguments)
    try:
        return options.handler(options)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # who read the output has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="threadlog",
        description="An event-sourced AI chat backend that keeps every word.",
        epilog="Settings are THREADLOG_* variables: see README.md.",
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    up = _add(commands, "up", _up, "run everything, with embedded servers where none are named")
    up.add_argument("--workers", type=int, help="worker processes (default: THREADLOG_WORKERS)")
    up.add_argument("--port", type=int, help="port of the API (default: THREADLOG_PORT)")
    for name, help_text in _ROLES.items():
        role = _add(commands, name, _role, help_text)
        role.set_defaults(role=name)
        role.add_argument("--with-parent", action="store_true", help=argparse.SUPPRESS)
    _add(commands, "migrate", _migrate, "bring the database's schema up to date")
    _add_keys(_add(commands, "keys", _keys, "list, issue and revoke API keys"))
    chat = _add(commands, "chat", _chat, "talk to an agent in the terminal")
    chat.add_argument("--thread", metavar="ID", help="go on with a thread")
    chat.add_argument("--agent", metavar="NAME", help="talk to this agent in a new thread")
    chat.add_argument("message", nargs="*", help="ask this, print the answer and end")
    return parser


_ROLES = {
    "api": "serve the HTTP API",
    "worker": "answer messages",
    "projector": "keep the read tables",
}


class _Commands(Protocol):
    def add_parser(self, name: str, /, *, help: str) -> argparse.ArgumentParser: ...  # noqa: A002


def _add(
    commands: _Commands, name: str, handler: Handler, help_text: str
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=help_text)
    parser.set_defaults(handler=handler)
    return parser


def _add_keys(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="ACTION", dest="action", required=True)
    listing = actions.add_parser("list", help="the keys of a user")
    listing.add_argument("--user", metavar="ID", help="default: your own")
    issue = actions.add_parser("issue", help="make a key; it is shown once")
    issue.add_argument("--user", metavar="ID", help="default: a new user")
    issue.add_argument("--role", default="user", choices=("user", "auditor", "analyst", "admin"))
    issue.add_argument("--name", help="for people to tell keys apart")
    revoke = actions.add_parser("revoke", help="make a key worthless")
    revoke.add_argument("key_id", metavar="KEY_ID")
    revoke.add_argument("--user", metavar="ID", help="default: your own")


def _up(options: argparse.Namespace) -> int:
    from interfaces.cli.settings import load_settings
    from interfaces.cli.up import up

    chosen = {"workers": options.workers, "port": options.port}
    given = {name: value for name, value in chosen.items() if value is not None}
    return up(load_settings(**given))


def _role(options: argparse.Namespace) -> int:
    from interfaces.cli.roles import run_role
    from interfaces.cli.settings import load_settings

    return run_role(options.role, load_settings(), with_parent=options.with_parent)


def _migrate(options: argparse.Namespace) -> int:
    del options
    from interfaces.cli.roles import migrate_now
    from interfaces.cli.settings import load_settings

    return migrate_now(load_settings())


def _keys(options: argparse.Namespace) -> int:
    from interfaces.cli.keys import keys
    from interfaces.cli.settings import load_settings

    return keys(load_settings(), options)


def _chat(options: argparse.Namespace) -> int:
    from interfaces.cli.chat import chat
    from interfaces.cli.settings import load_settings

    question = " ".join(options.message)
    if not question and not sys.stdin.isatty():
        question = sys.stdin.read()
    return chat(load_settings(), thread=options.thread, agent=options.agent, question=question)
