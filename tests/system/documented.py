"""What docs/agents-and-tools.md tells its readers to write, to start and to send."""

import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from tests.system.client import Json

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLES = DOCS / "examples"
PAGE = (DOCS / "agents-and-tools.md").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Request:
    """An `http` block."""

    method: str
    path: str
    headers: dict[str, str]
    body: Json

    @staticmethod
    def of(block: str, **known: str) -> "Request":
        """With what the reader has put in place of the words in capitals."""
        for name, value in known.items():
            block = block.replace(name, value)
        head, *lines = block.splitlines()
        method, path = head.split()
        headers = dict(line.split(": ", 1) for line in lines[:-1])
        return Request(method, path, headers, json.loads(lines[-1]))


def blocks(kind: str, *, section: str = "") -> list[str]:
    """The code blocks of one kind, of one section or of the whole page."""
    sections = re.split(r"^## ", PAGE, flags=re.MULTILINE)
    text = "".join(one for one in sections if one.startswith(section))
    found = re.findall(rf"^( *)```{kind}\n(.*?)^\1```$", text, re.MULTILINE | re.DOTALL)
    return [dedent(block) for _, block in found]


def started_with() -> dict[str, str]:
    """The variables of the page's one command, which is ./do run."""
    [command] = blocks("sh")
    *variables, program, argument = shlex.split(command)
    assert (program, argument) == ("./do", "run")
    return dict(variable.split("=", 1) for variable in variables)
