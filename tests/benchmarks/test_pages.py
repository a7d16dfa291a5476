"""The page about performance shows the figures that were saved."""

from benchmarks.rig.pages import pages


def test_charts_and_tables_are_those_of_the_saved_figures() -> None:
    stale = [path.name for path, content in pages() if path.read_text() != content]
    assert not stale, "run ./do docs"
