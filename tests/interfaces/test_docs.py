"""The pages are as the code is: generated ones fresh, settings all told, no link dead."""

import re
from pathlib import Path

import pytest

from infrastructure.settings import Settings
from interfaces.docs.events import events_page

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]


def test_the_catalogue_of_events_is_fresh() -> None:
    written = (DOCS / "events.md").read_text(encoding="utf-8")
    assert written == events_page(), "run ./do docs"


def test_the_readme_tells_every_setting_and_no_other() -> None:
    told = set(re.findall(r"THREADLOG_[A-Z_]+", (ROOT / "README.md").read_text(encoding="utf-8")))
    assert told == {f"THREADLOG_{name.upper()}" for name in Settings.model_fields}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if not target.startswith(("https://", "http://")):
            file, _, heading = target.partition("#")
            found = (page.parent / file).resolve() if file else page
            assert found.exists(), target
            assert not heading or heading in _headings(found), target


def _headings(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_the_list_of_decisions_names_each_with_its_title() -> None:
    folder = DOCS / "decisions"
    listed = (folder / "README.md").read_text(encoding="utf-8")
    for record in sorted(folder.glob("0*.md")):
        title = record.read_text(encoding="utf-8").splitlines()[0].partition(". ")[2]
        assert f"[{record.name[:4]}]({record.name}) | {title} |" in listed
