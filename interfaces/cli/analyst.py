"""`threadlog analyst`: logins of the database for people who ask the tables."""

import argparse
import re

from interfaces.cli.parsing import Commands, add

NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
RESERVED = ("pg_", "threadlog", "public", "none", "postgres")


def add_to(commands: Commands) -> None:
    """create, list, drop."""
    parser = add(commands, "analyst", _analyst, "make, list and drop logins that read `analytics`")
    actions = parser.add_subparsers(metavar="ACTION", dest="action", required=True)
    create = actions.add_parser("create", help="make a login; its password is shown once")
    create.add_argument("name", type=login_name, metavar="NAME")
    create.add_argument("--texts", action="store_true", help="it may read what people wrote, too")
    actions.add_parser("list", help="the logins, and how many sessions they have")
    drop = actions.add_parser("drop", help="end its sessions and remove the login")
    drop.add_argument("name", type=login_name, metavar="NAME")


def login_name(text: str) -> str:
    """A name that needs no quotes in SQL and is nobody else's."""
    if not NAME.fullmatch(text):
        wanted = "a letter from a to z, then letters, digits and _, at most 63 in all"
        raise argparse.ArgumentTypeError(f"not a login's name: {text[:70]!r}; wanted: {wanted}")
    if text.startswith(RESERVED):
        raise argparse.ArgumentTypeError(f"{text} begins like a role of PostgreSQL or Threadlog")
    return text


def _analyst(options: argparse.Namespace) -> int:
    from interfaces.cli.analyst_logins import create, drop, list_all  # noqa: PLC0415
    from interfaces.cli.settings import load_settings  # noqa: PLC0415

    settings = load_settings()
    if options.action == "create":
        return create(settings, options.name, texts=options.texts)
    if options.action == "drop":
        return drop(settings, options.name)
    return list_all(settings)
