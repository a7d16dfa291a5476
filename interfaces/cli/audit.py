"""`threadlog audit`: threads as they stood, and the log, of a live database or of an export."""

import argparse
import sys
from datetime import datetime
from pathlib import Path
from uuid import UUID

from interfaces.cli.parsing import LAST_POSITION, Commands, add, position, speed, words


def add_to(commands: Commands) -> None:
    """`threadlog audit ACTION …`."""
    parser = add(commands, "audit", _audit, "look into any thread, at any moment")
    actions = parser.add_subparsers(metavar="ACTION", dest="action", required=True)
    _add_show(_of_thread(actions, "show", "a thread as it stood"))
    _add_replay(_of_thread(actions, "replay", "type it again at the times of its log"))
    _add_span(_of_thread(actions, "diff", "what changed between two moments"))
    _add_requests(_of_thread(actions, "requests", "what models were asked, and what came"))
    _add_events(_source(actions.add_parser("events", help="the log, a line for each event")))


def _of_thread(actions: Commands, name: str, help_text: str) -> argparse.ArgumentParser:
    parser = _source(actions.add_parser(name, help=help_text))
    parser.add_argument("thread", type=UUID, metavar="THREAD", help="its id")
    if name != "replay":
        parser.add_argument(
            "--json", action="store_true", help="as GET /v1/audit/threads/… says it"
        )
    return parser


def _source(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    exported = "read this export of the log, and no database"
    parser.add_argument("--export", type=Path, metavar="FILE|FOLDER", help=exported)
    why = "why you read it; is recorded, and needed but for an export"
    parser.add_argument("--reason", type=_reason, metavar="TEXT", help=why)
    return parser


def _add_show(parser: argparse.ArgumentParser) -> None:
    as_of = "a position of the log, or a time with its offset (default: now)"
    parser.add_argument("--as-of", type=_moment, metavar="MOMENT", help=as_of)
    parser.add_argument("--all", action="store_true", help="every branch, and what waits")


def _add_span(parser: argparse.ArgumentParser) -> None:
    begin = "a position or a time (default: the thread's first event)"
    parser.add_argument("--from", type=_moment, dest="begin", metavar="MOMENT", help=begin)
    parser.add_argument("--to", type=_moment, dest="end", metavar="MOMENT", help="default: now")


def _add_replay(parser: argparse.ArgumentParser) -> None:
    _add_span(parser)
    how_fast = "2: in half the time; max: at once (default: 1)"
    parser.add_argument("--speed", type=speed, default=1.0, metavar="N", help=how_fast)
    pauses = "leave pauses between turns as they were; else they are 3 s at most"
    parser.add_argument("--pauses", action="store_true", help=pauses)


def _add_requests(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--completion", type=UUID, metavar="ID", help="only of this one")
    parser.add_argument("--attempt", type=_count, metavar="N", help="only of this attempt")
    parser.add_argument("--body", action="store_true", help="print bodies and answers, too")


def _add_events(parser: argparse.ArgumentParser) -> None:
    after = "begin after this position of the log (default: 0)"
    parser.add_argument("--after", type=position, default=0, metavar="POSITION", help=after)
    names = "only these events, such as completion.finished,completion.failed"
    parser.add_argument("--names", type=_names, default=[], help=names)
    parser.add_argument("--limit", type=_count, metavar="N", help="so many at most")
    parser.add_argument("--follow", action="store_true", help="go on with what happens")


def _moment(text: str) -> int | datetime:
    from application.audit.moments import moment_of  # noqa: PLC0415
    from application.audit.refusals import MomentIsMalformed  # noqa: PLC0415

    try:
        return moment_of(text)
    except MomentIsMalformed as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _reason(text: str) -> str:
    from application.audit.reasons import reason_of  # noqa: PLC0415
    from application.audit.refusals import AuditReasonMissing  # noqa: PLC0415

    try:
        return reason_of(text)
    except AuditReasonMissing:
        raise argparse.ArgumentTypeError("a reason is 1 to 500 printable characters") from None


def _count(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= LAST_POSITION:
        raise argparse.ArgumentTypeError(f"not a number of things: {text[:40]!r}")
    return int(text)


def _names(text: str) -> list[str]:
    from domain.catalogue import BY_NAME  # noqa: PLC0415

    names = words(text)
    if unknown := [name for name in names if name not in BY_NAME]:
        choices = ", ".join(BY_NAME)
        raise argparse.ArgumentTypeError(f"no such event: {unknown[0]!r}; choose from {choices}")
    return names


def _audit(options: argparse.Namespace) -> int:
    if options.export is None and options.reason is None:
        print("threadlog audit: say why you read this: --reason TEXT", file=sys.stderr)
        return 2
    if options.export is not None and getattr(options, "follow", False):
        print("threadlog audit: an export has an end, --follow has none", file=sys.stderr)
        return 2
    from interfaces.cli.audit_run import run  # noqa: PLC0415
    from interfaces.cli.settings import load_settings  # noqa: PLC0415

    return run(load_settings(), options)
