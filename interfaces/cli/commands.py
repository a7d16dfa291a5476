"""Arguments of the command `threadlog`; each subcommand imports what it needs when it runs."""

import argparse
import io
import os
import sys
from collections.abc import Sequence
from types import ModuleType
from uuid import UUID

from interfaces.cli import analyst, audit, export, projections, sign_in, webhooks
from interfaces.cli.parsing import LAST_POSITION, add, speed, words

# Each declares subcommands of its own: `add_to(commands)`.
SUBJECTS: tuple[ModuleType, ...] = (
    sign_in,
    analyst,
    audit,
    export,
    projections,
    webhooks,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 1 failed, 2 asked wrongly."""
    _write_in_any_encoding()
    options = _parser().parse_args(arguments)
    try:
        return options.handler(options)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # who read the output has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def _write_in_any_encoding() -> None:
    """What the terminal's encoding lacks becomes a question mark."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="threadlog",
        description="An event-sourced AI chat backend that keeps every word.",
        epilog="Settings are THREADLOG_* variables: see README.md.",
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    up = add(commands, "up", _up, "run everything, with embedded servers where none are named")
    up.add_argument("--workers", type=int, help="worker processes (default: THREADLOG_WORKERS)")
    up.add_argument("--port", type=int, help="port of the API (default: THREADLOG_PORT)")
    for name, help_text in _ROLES.items():
        role = add(commands, name, _role, help_text)
        role.set_defaults(role=name)
        role.add_argument("--with-parent", action="store_true", help=argparse.SUPPRESS)
        if name == "worker":
            only = "answers only, or background tools only (default: both)"
            role.add_argument("--only", choices=("chat", "tools"), help=only)
    add(commands, "migrate", _migrate, "bring the database's schema up to date")
    _add_keys(add(commands, "keys", _keys, "list, issue and revoke API keys"))
    chat = add(commands, "chat", _chat, "talk to an agent in the terminal")
    chat.add_argument("--thread", type=UUID, metavar="ID", help="go on with a thread")
    chat.add_argument("--agent", metavar="NAME", help="talk to this agent in a new thread")
    chat.add_argument("message", nargs="*", help="ask this, print the answer and end")
    _add_tail(add(commands, "tail", _tail, "follow your events as they happen"))
    replay = add(commands, "replay", _replay, "type a conversation again as it happened")
    replay.add_argument("thread", type=UUID, metavar="THREAD", help="its id")
    how_fast = "2: in half the time; max or 0: at once (default: 1)"
    replay.add_argument("--speed", type=speed, default=1.0, metavar="N", help=how_fast)
    add(commands, "doctor", _doctor, "look at everything and say what to do")
    evidence = add(commands, "evidence", _evidence, "rebuild what a model was asked, and compare")
    evidence.add_argument("completion", type=UUID, metavar="COMPLETION_ID")
    evidence.add_argument("--body", action="store_true", help="print what was sent, too")
    for subject in SUBJECTS:
        subject.add_to(commands)
    return parser


_ROLES = {
    "api": "serve the HTTP API",
    "worker": "answer messages",
    "projector": "keep the read tables",
}


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


def _add_tail(parser: argparse.ArgumentParser) -> None:
    follow = "show its chunks too; up to 20 times"
    parser.add_argument("--follow-thread", metavar="ID", action="append", default=[], help=follow)
    after = "begin after this position of the log; 0: everything (default: only what is new)"
    parser.add_argument("--after", metavar="POSITION", type=_position, default="latest", help=after)
    names = "only these events, such as completion.finished,completion.failed"
    parser.add_argument("--names", type=words, default=[], help=names)
    parser.add_argument("--json", action="store_true", help="the bare objects, one in each line")
    whole = "the whole log from the database, everybody's events, without contents unless --json"
    parser.add_argument("--log", action="store_true", help=whole)


def _position(text: str) -> str:
    if text == "latest":
        return text
    try:
        position = int(text)
    except ValueError:
        position = LAST_POSITION + 1
    if position > LAST_POSITION:
        raise argparse.ArgumentTypeError(f"not a position of a log: {text[:40]!r}")
    return str(position)


def _up(options: argparse.Namespace) -> int:
    from interfaces.cli.settings import load_settings
    from interfaces.cli.up import up

    chosen = {"workers": options.workers, "port": options.port}
    given = {name: value for name, value in chosen.items() if value is not None}
    return up(load_settings(**given))


def _role(options: argparse.Namespace) -> int:
    from interfaces.cli.roles import run_role
    from interfaces.cli.settings import load_settings

    only = getattr(options, "only", None)
    settings = load_settings(**({"worker_only": only} if only else {}))
    return run_role(options.role, settings, with_parent=options.with_parent)


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


def _tail(options: argparse.Namespace) -> int:
    from interfaces.cli.settings import load_settings
    from interfaces.cli.tail import Wanted, tail, tail_log

    wanted = Wanted(
        after=options.after,
        names=options.names,
        follow=options.follow_thread,
        as_json=options.json,
    )
    return (tail_log if options.log else tail)(load_settings(), wanted)


def _replay(options: argparse.Namespace) -> int:
    from interfaces.cli.replay import replay
    from interfaces.cli.settings import load_settings

    return replay(load_settings(), thread=options.thread, speed=options.speed)


def _doctor(options: argparse.Namespace) -> int:
    del options
    from interfaces.cli.doctor import doctor
    from interfaces.cli.settings import load_settings

    return doctor(load_settings())


def _evidence(options: argparse.Namespace) -> int:
    from interfaces.cli.evidence import evidence
    from interfaces.cli.settings import load_settings

    return evidence(load_settings(), completion_id=options.completion, body=options.body)
