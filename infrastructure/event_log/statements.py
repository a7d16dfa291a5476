"""The SQL files of a package by name."""

from functools import cache
from importlib.resources import files


@cache
def statement(name: str, *, package: str = "infrastructure.event_log") -> str:
    """The text of the package's `sql/NAME.sql`, whose comment says what it promises."""
    return files(package).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
