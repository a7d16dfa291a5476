"""Every command that the page about the command line shows is one that `threadlog` takes."""

import shlex
from pathlib import Path
from uuid import uuid4

import pytest

from interfaces.cli.commands import _parser  # pyright: ignore[reportPrivateUsage]

PAGE = Path(__file__).parents[3] / "docs" / "command-line.md"
SHOWN = [
    line.removeprefix("./do threadlog ").partition(" #")[0].partition("|")[0]
    for line in PAGE.read_text().splitlines()
    if line.startswith("./do threadlog ")
]


@pytest.mark.parametrize("shown", SHOWN)
def test_a_shown_command_is_understood(shown: str) -> None:
    options = _parser().parse_args(shlex.split(shown.replace("THREAD_ID", str(uuid4()))))
    assert options.handler.__name__ == f"_{shown.split(maxsplit=1)[0]}"


def test_the_page_shows_the_commands() -> None:
    assert {shown.split()[0] for shown in SHOWN} == {"tail", "replay", "doctor", "evidence"}


WRONG = (
    "replay",
    "replay 01a20321-0180-7a61-ab32-59d4bde14f69 --speed -1",
    "replay '../keys?x='",
    "chat --thread ../keys",
    "tail --after soon",
    "tail --after 99999999999999999999",
    "tail x",
)


@pytest.mark.parametrize("wrong", WRONG)
def test_what_cannot_be_meant_is_refused(wrong: str) -> None:
    with pytest.raises(SystemExit) as refused:
        _parser().parse_args(shlex.split(wrong))
    assert refused.value.code == 2
