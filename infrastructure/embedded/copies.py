"""Copies of programs for a server whose user cannot reach the originals, as below root's home."""

import shutil
from pathlib import Path

from infrastructure.embedded.account import Account
from infrastructure.embedded.folders import digest, make_folder


def reachable(program: Path, *, parts: list[Path], copies: Path, account: Account | None) -> Path:
    """`program`, or its copy below `copies` when `account` cannot reach it.

    `parts` are the file or the folders that belong to the program; a copy keeps how they lie to
    each other. It is made once, and anew when the program has changed. Not to be called while the
    server runs: an outdated copy is removed.
    """
    if account is None or account.may_pass(program):
        return program
    copy = copies / _state(program)
    if not copy.exists():
        shutil.rmtree(copies, ignore_errors=True)
        make_folder(copies, account)
        unfinished = copies / "unfinished"
        for part in parts:
            _copy(part, _below(unfinished, part))
        for path in (unfinished, *unfinished.rglob("*")):
            path.chmod(0o755)
        unfinished.rename(copy)
    return _below(copy, program)


def _below(copy: Path, original: Path) -> Path:
    return copy / original.relative_to("/")


def _copy(part: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    if part.is_dir():
        shutil.copytree(part, to)
    else:
        shutil.copy2(part, to)


def _state(program: Path) -> str:
    seen = program.stat()
    return digest(program / f"{seen.st_mtime_ns}-{seen.st_size}")
