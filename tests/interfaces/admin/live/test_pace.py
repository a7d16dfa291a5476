"""How much a page is sent: little more than what is said, however slowly it is said."""

import random

import pytest

from infrastructure.audit.log import LiveLog
from infrastructure.relay.events import stream_event
from interfaces.admin.conversation.reading import conversation_at
from interfaces.admin.conversation.shown import Shown
from interfaces.admin.live.shown_page import ShownPage
from tests.interfaces.admin.live.tab import opened
from tests.interfaces.admin.live.told import Told
from tests.interfaces.admin.visitors import Visitor
from tests.interfaces.http.house import House

TOKENS = 3_000
TOKENS_PER_SECOND = 30
WORDS = ("the", "answer", "of", "**all**", "`things`", "grows")


def essay(chance: random.Random) -> list[str]:
    """Markdown as models write it, in tokens of about four characters."""
    blocks: list[str] = []
    while sum(map(len, blocks)) < 4.5 * TOKENS:
        words = " ".join(chance.choices(WORDS, k=60))
        blocks += [f"## {words[:20]}", f"{words}.", *(f"- {words[: 9 + n]}" for n in range(6))]
        blocks += [f"```python\nfor n in range({n}):\n    print(n)\n```" for n in range(2)]
    text = "\n\n".join(blocks)
    return [text[place : place + 4] for place in range(0, 4 * TOKENS, 4)]


@pytest.mark.parametrize("count", [TOKENS, 400])
async def test_an_answer_costs_at_most_four_times_its_text(
    house: House, user: Visitor, count: int
) -> None:
    """The clock is told, so that minutes of typing take none."""
    reader = house.log.reader
    started = await user.api.start("Tell me")
    told = await Told.of(house, user.api, started)
    tab = await opened(user, told.thread_id)
    tab.remembers = False
    before, tokens = await house.last_position(), essay(random.Random(5))[:count]
    await told.say(*tokens)
    shown = Shown(await conversation_at(LiveLog(reader), told.thread_id, before))
    page, now = ShownPage(shown, reader=reader), 0.0
    await told.finish()
    for entry in await reader.read_thread(told.thread_id, after=before):
        await page.hear([stream_event(entry)])
        now += 1 / TOKENS_PER_SECOND
        if page.next_at is not None and page.next_at <= now:
            tab.feed(page.changes(at=now))
    tab.feed(page.changes(at=now))
    assert tab.size <= 4 * sum(map(len, tokens))
    assert tab.html == (await opened(user, told.thread_id)).html
