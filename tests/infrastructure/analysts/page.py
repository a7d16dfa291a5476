"""The parts of docs/analytics.md that are made: the matrix, and the views with their comments."""

import asyncio
from functools import partial
from pathlib import Path

from infrastructure.embedded import EmbeddedPostgres
from infrastructure.event_log.connection import Connection, connected
from projections.analytics import VIEWS
from tests.infrastructure.analysts.house import house_in
from tests.infrastructure.analysts.matrix import MATRIX
from tests.servers import FAST, serving

PAGE = Path(__file__).parents[3] / "docs" / "analytics.md"
WRITE = "python -m tests.infrastructure.analysts.page"

COMMENTS = """
SELECT a.attname, format_type(a.atttypid, a.atttypmod), col_description(a.attrelid, a.attnum)
  FROM pg_attribute a
 WHERE a.attrelid = to_regclass('analytics.' || $1) AND a.attnum > 0
 ORDER BY a.attnum
"""


async def parts(owner: Connection) -> dict[str, str]:
    """Each between its marks, by its name."""
    return {"matrix": _matrix(), "views": await _views(owner)}


def _matrix() -> str:
    lines = ["| an analyst's login may | |", "|---|---|"]
    lines += [f"| {line.what} | {'yes' if line.may else 'no'} |" for line in MATRIX]
    return "\n".join(lines)


async def _views(owner: Connection) -> str:
    texts: list[str] = []
    for view in VIEWS:
        told = await owner.fetchval("SELECT obj_description(to_regclass('analytics.' || $1))", view)
        rows = await owner.fetch(COMMENTS, view)
        columns = [f"| `{name}` | {kind} | {comment} |" for name, kind, comment in rows]
        texts.append("\n".join([f"### {view}", "", told, "", "| | | |", "|---|---|---|", *columns]))
    return "\n\n".join(texts)


def shown(page: str, name: str) -> str:
    """What the page has between the marks."""
    return page.partition(_mark(name))[2].partition(_mark("end"))[0].strip()


def with_part(page: str, name: str, text: str) -> str:
    """The page with another text between the marks."""
    before, mark, rest = page.partition(_mark(name))
    _, end, after = rest.partition(_mark("end"))
    return f"{before}{mark}\n{text}\n{end}{after}"


def _mark(name: str) -> str:
    return f"<!-- {name} -->"


async def _made(server: EmbeddedPostgres) -> dict[str, str]:
    async with house_in(server) as house, connected(house.owner_url) as owner:
        return await parts(owner)


def main() -> None:
    """Write the parts into the page."""
    with serving(partial(EmbeddedPostgres, major=18, settings=FAST)) as server:
        made = asyncio.run(_made(server))
    page = PAGE.read_text()
    for name, text in made.items():
        page = with_part(page, name, text)
    PAGE.write_text(page)


if __name__ == "__main__":
    main()
