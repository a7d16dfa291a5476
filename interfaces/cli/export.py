"""`threadlog export`: a copy of the log, and of the analysts' tables, in files for other tools."""

import argparse
import sys
from pathlib import Path
from uuid import UUID

from interfaces.cli.parsing import Commands, add, position


def add_to(commands: Commands) -> None:
    """`threadlog export …`."""
    parser = add(commands, "export", _export, "copy the log and its tables into files")
    what = "events (the log), threads, messages …; default: everything there is"
    parser.add_argument("datasets", nargs="*", metavar="DATASET", help=what)
    parser.add_argument("--to", type=Path, metavar="FOLDER", help="goes on where this one stands")
    formats = "default: jsonl, or what the folder holds"
    parser.add_argument("--format", choices=("jsonl", "csv", "parquet"), help=formats)
    after = "begin a folder after this position of the log (default: 0)"
    parser.add_argument("--after", type=position, metavar="POSITION", help=after)
    through = "events only: up to this position (default: the log's end)"
    parser.add_argument("--through", type=position, metavar="POSITION", help=through)
    parser.add_argument("--thread", type=UUID, metavar="ID", help="only what belongs to it")
    parser.add_argument("--reason", metavar="TEXT", help="is recorded with who exports what")
    check = "look whether a folder is whole and unchanged, and do nothing else"
    parser.add_argument("--check", type=Path, metavar="FOLDER", help=check)


def _export(options: argparse.Namespace) -> int:
    if (options.to is None) == (options.check is None):
        print("threadlog export: give --to FOLDER or --check FOLDER", file=sys.stderr)
        return 2
    from interfaces.cli.export_run import check_folder, export_to  # noqa: PLC0415

    if options.check is not None:
        return check_folder(options.check)
    from infrastructure.exporting import Order  # noqa: PLC0415
    from interfaces.cli.settings import load_settings  # noqa: PLC0415

    order = Order(
        folder=options.to,
        datasets=tuple(options.datasets),
        format=options.format,
        after=options.after,
        through=options.through,
        thread_id=options.thread,
    )
    return export_to(load_settings(), order, reason=options.reason)
