"""`threadlog webhooks`: where one's events are sent, and what has not arrived."""

import argparse
from uuid import UUID

from interfaces.cli.parsing import Commands, add, position, words

ACTIONS = {
    "list": "your webhooks",
    "add": "send your events to an address from now on; its secret is shown once",
    "drop": "send nothing more",
    "enable": "go on with what waits since it was disabled, or since its receiver said 410 Gone",
    "disable": "let its events wait",
    "secret": "make another secret; the one before signs, too, for 24 hours",
    "test": "send an event named webhook.test now, and say what came of it",
    "deliveries": "what has not arrived",
    "retry": "try again what was given up, and at once what waits",
    "replay": "send everything after a position again",
}


def add_to(commands: Commands) -> None:
    """`threadlog webhooks …`."""
    parser = add(commands, "webhooks", _webhooks, "send events to addresses of other programs")
    actions = parser.add_subparsers(metavar="ACTION", dest="action", required=True)
    parsers = {name: actions.add_parser(name, help=text) for name, text in ACTIONS.items()}
    for name in ACTIONS.keys() - {"list", "add"}:
        parsers[name].add_argument("webhook", type=UUID, metavar="ID")
    new = parsers["add"]
    new.add_argument("url", metavar="URL")
    new.add_argument("--names", type=words, help="only these events (default: all but chunks)")
    new.add_argument("--all-threads", action="store_true", help="everybody's; administrators only")
    new.add_argument("--name", help="for people to tell webhooks apart")
    parsers["deliveries"].add_argument("--state", choices=("pending", "dead"))
    after = "of the log; 0: everything"
    parsers["replay"].add_argument(
        "--after", type=position, required=True, metavar="POSITION", help=after
    )


def _webhooks(options: argparse.Namespace) -> int:
    from interfaces.cli.settings import load_settings  # noqa: PLC0415
    from interfaces.cli.webhooks_run import webhooks  # noqa: PLC0415

    return webhooks(load_settings(), options)
