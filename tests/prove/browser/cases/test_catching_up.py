"""Reloads, tabs, devices, networks and servers that go away: the page shows exactly the log."""

import asyncio
from urllib.parse import parse_qs, urlsplit

from playwright.async_api import Route, expect

from tests.prove.browser.cases.conftest import Arrive
from tests.prove.browser.conversation import words
from tests.prove.browser.person import PATIENCE, Person
from tests.prove.browser.site import Site
from tests.system.client import connected

WORDS, GAP_SECONDS = 120, 0.05  # six seconds
WHOLE = [f"w{n}" for n in range(WORDS)]
AWAY_SECONDS = 3.0


async def _begin(person: Person) -> None:
    await person.begin("At length", words=WORDS, gap_seconds=GAP_SECONDS)
    await person.wait_for_word("w20")


async def _is_whole(person: Person) -> None:
    """All words, each once, in order; and what a reload shows."""
    await person.wait_for_word(WHOLE[-1])
    await person.wait_for_end()
    assert words((await person.seen()).answers[-1]) == WHOLE
    await person.shows_the_log()


async def test_who_reloads_in_mid_answer_misses_nothing(person: Person) -> None:
    await _begin(person)
    for word in ("w30", "w60"):
        await person.page.reload()
        await person.wait_for_word(word)
    await _is_whole(person)


async def test_when_the_api_is_killed_in_mid_answer_the_page_catches_up_by_itself(
    site: Site, arrive: Arrive
) -> None:
    key = await site.new_key()
    person = await arrive(key)
    await _begin(person)
    told = person.page.locator("#connection")
    lost = expect(told).to_have_text("Connection lost. Reconnecting…", timeout=PATIENCE)
    await asyncio.gather(lost, site.kill_api())
    await _is_whole(person)
    await expect(told).to_have_text("")
    person.watched.forget_errors("503", "htmx:")  # what is said of it in the console
    async with connected(site.url, key=key) as client:
        log = await client.public_log(person.thread_id)
    said = "".join(one["data"]["text"] for one in log if one["name"] == "completion.chunk")
    assert words((await person.seen()).answers[-1]) == words(said)


async def test_two_tabs_and_another_device_show_the_same(site: Site, arrive: Arrive) -> None:
    key = await site.new_key()
    first, device = await arrive(key), await arrive(key)
    await _begin(first)
    second = await first.another_tab()
    await device.page.goto(first.page.url)
    everywhere = (first, second, device)
    for one in everywhere:
        await _is_whole(one)
    await device.say("And you?", words=2, tag="again")
    for one in everywhere:
        await one.wait_for_word("again1")
        await one.wait_for_end()
        await one.shows_the_log()


async def test_eight_tabs_are_all_up_to_date(person: Person) -> None:
    """A browser opens six connections to a server that speaks HTTP/1.1."""
    await person.begin(words=1)
    await person.wait_for_end()
    tabs = [person]
    for _ in range(7):
        await tabs[-1].hide()
        tabs.append(await person.another_tab())
    await tabs[-1].say("All of you", words=2, tag="here")
    for tab in tabs:
        await tab.show()
        await tab.wait_for_word("here1")
        await tab.hide()


async def test_when_the_network_was_gone_for_a_while_nothing_is_missing(person: Person) -> None:
    await _begin(person)
    await person.context.set_offline(True)
    await asyncio.sleep(AWAY_SECONDS)
    assert WHOLE[-1] not in (await person.seen()).answers[-1]
    await person.context.set_offline(False)
    await _is_whole(person)


async def test_a_hidden_tab_closes_its_stream_and_goes_on_when_it_is_shown(
    person: Person,
) -> None:
    await _begin(person)
    await person.hide()
    await expect(person.page.locator("[sse-connect]")).to_have_count(0)
    before = (await person.seen()).answers[-1]
    await asyncio.sleep(AWAY_SECONDS)
    assert (await person.seen()).answers[-1] == before
    await person.show()
    await _is_whole(person)


async def test_a_page_on_which_something_has_no_place_is_made_whole_again(person: Person) -> None:
    """An extension of the browser may have taken something away."""
    await person.begin(words=2)
    await person.wait_for_end()
    asked: list[str] = []

    async def answer(route: Route) -> None:
        asked.extend(parse_qs(urlsplit(route.request.url).query).get("after", [""]))
        nowhere = f"{CONNECTED}id: {int(asked[0]) + 1}\nevent: swap\ndata: {NOWHERE}\n\n"
        if len(asked) > 1:
            await route.continue_()
        else:
            await route.fulfill(content_type="text/event-stream", body=nowhere)

    await person.page.route("**/_events/chat/**", answer)
    await person.page.evaluate("document.querySelector('.said').remove()")
    await person.hide()
    await person.show()
    await expect(person.messages).to_have_count(1, timeout=PATIENCE)
    assert asked[1] == ""
    await person.shows_the_log()
    person.watched.forget_errors("oobErrorNoTarget", "lost its place")


CONNECTED = "event: connected\ndata: .\n\n"
NOWHERE = '<p id="nowhere" hx-swap-oob="true"></p>'
