"""The generated pages are as the code is."""

from pathlib import Path

from interfaces.docs.events import events_page

DOCS = Path(__file__).parents[2] / "docs"


def test_the_catalogue_of_events_is_fresh() -> None:
    written = (DOCS / "events.md").read_text(encoding="utf-8")
    assert written == events_page(), "run ./do docs"
