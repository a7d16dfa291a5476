"""The statements of this package, which touch the library's own tables and never the log."""

from infrastructure.event_log import statements


def statement(name: str) -> str:
    """The text of `sql/NAME.sql`."""
    return statements.statement(name, package="infrastructure.event_sourcing")
