"""The SQL files of this folder by name."""

from functools import cache
from importlib.resources import files


@cache
def statement(name: str) -> str:
    """The text of `sql/NAME.sql`, whose comment says what it promises."""
    return (
        files("infrastructure.event_log").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
    )
