"""docs/agents-and-tools.md shows the files of docs/examples/support/ as they are, in five steps."""

import re
from pathlib import Path

from tests.system.documented import EXAMPLES, PAGE, blocks, started_with


def test_the_page_shows_each_file_whole_under_its_name() -> None:
    files = sorted((EXAMPLES / "support").glob("*.py"))
    assert sorted(blocks("python")) == sorted(file.read_text(encoding="utf-8") for file in files)
    for file in files:
        named, shown = PAGE.index(f"`support/{file.name}`"), PAGE.index(first_line(file))
        assert PAGE[named:shown].count("```") == 1


def first_line(file: Path) -> str:
    return file.read_text(encoding="utf-8").splitlines()[0]


def test_each_definition_has_five_steps() -> None:
    sections = re.split(r"^## ", PAGE, flags=re.MULTILINE)
    defining = [one for one in sections if one.startswith(("Define", "Let"))]
    assert len(defining) == 5
    for section in defining:
        steps = re.findall(r"^(\d)\. ", section, re.MULTILINE)
        assert steps == ["1", "2", "3", "4", "5"], section.splitlines()[0]


def test_no_block_is_of_a_kind_that_no_test_runs() -> None:
    kinds = re.findall(r"^ *```(\w+)$", PAGE, re.MULTILINE)
    assert set(kinds) == {"python", "sh", "http"}
    assert started_with().keys() == {"THREADLOG_AGENTS"}
