"""The styles of pages that change often: what is new must not make all the rest be styled again."""

import re
from pathlib import Path

from interfaces.admin import static_files

STATIC = Path(static_files.__file__).parent / "static"
ON_EVERY_PAGE = ("tokens", "base", "shell", "components", "signs", "prose", "chat")
# Browsers look up what may follow an element by its class or id; by its tag alone, they cannot.
FOLLOWS_ANYTHING = re.compile(r"(?:^|[\s(,>+~])(?:\*|[a-z][a-z0-9]*)\s*[+~]\s*[\w.*#:\[]")


def test_no_style_makes_a_browser_style_everything_whenever_something_is_added() -> None:
    for name in ON_EVERY_PAGE:
        css = re.sub(r"/\*.*?\*/", "", (STATIC / f"{name}.css").read_text(), flags=re.DOTALL)
        selectors = re.findall(r"([^{};]+)\{", css)
        assert selectors
        assert [one.strip() for one in selectors if FOLLOWS_ANYTHING.search(one)] == []


def test_whether_something_follows_is_asked_nowhere_in_text() -> None:
    assert ":has(" not in (STATIC / "prose.css").read_text()
