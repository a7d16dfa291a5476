"""`threadlog projections`: how the read models stand, and what can be done to them."""

import argparse

from interfaces.cli.parsing import Commands, add, position


def add_to(commands: Commands) -> None:
    """`threadlog projections …`."""
    parser = add(commands, "projections", _list, "how the read models stand; make them again")
    parser.add_argument("--json", action="store_true", help="one object in each line")
    actions = parser.add_subparsers(metavar="ACTION")
    for name, help_text in _ACTIONS.items():
        action = actions.add_parser(name, help=help_text)
        action.set_defaults(handler=_act, act=name)
        action.add_argument("name", metavar="NAME", help="the read model")
        if name == "verify":
            sample = "only of so many of the threads, the same ones each time (default: 100)"
            action.add_argument("--sample", type=_percentage, metavar="PERCENT", help=sample)
        if name == "skip":
            at = "of the event before which it stands"
            action.add_argument("--position", type=position, metavar="P", required=True, help=at)
            action.add_argument("--reason", metavar="TEXT", help="is recorded with who skips what")


_ACTIONS = {
    "rebuild": "make its tables again from the log, while readers see the ones there are",
    "rollback": "let readers see the tables before the last rebuild again, brought up to date",
    "verify": "make its rows again aside and compare them with what readers see",
    "pause": "let it stand still",
    "resume": "let it go on",
    "skip": "pass over the one event that it cannot apply",
}


def _percentage(text: str) -> float:
    try:
        percentage = float(text.removesuffix("%"))
    except ValueError:
        percentage = 0.0
    if not 0 < percentage <= 100:
        raise argparse.ArgumentTypeError(f"not a percentage above 0, up to 100: {text[:40]!r}")
    return percentage


def _list(options: argparse.Namespace) -> int:
    from interfaces.cli.projections_table import show  # noqa: PLC0415
    from interfaces.cli.settings import load_settings  # noqa: PLC0415

    return show(load_settings(), as_json=options.json)


def _act(options: argparse.Namespace) -> int:
    from interfaces.cli.projections_acts import act  # noqa: PLC0415
    from interfaces.cli.settings import load_settings  # noqa: PLC0415

    return act(load_settings(), options)
