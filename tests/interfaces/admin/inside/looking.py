"""What tests of these pages look at."""

import re

from tests.interfaces.http.audits import Told

REASON = "Complaint 4711, Müller ☃"


def inside(seen: Told) -> str:
    """The address of a conversation's pages."""
    return f"/_admin/threads/{seen.thread}"


def rows(page: str) -> list[int]:
    """Positions of the events on a page, in their order."""
    return [int(found) for found in re.findall(r'id="e-(\d+)"', page)]


def conversation(page: str) -> str:
    """What the page shows of the conversation itself."""
    begin = page.index('<section class="conversation"')
    return page[begin : page.index("</section>", begin)]
