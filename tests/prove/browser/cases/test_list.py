"""The list of conversations beside one of them, and where it leads."""

import re
from urllib.parse import urlsplit

from playwright.async_api import Route, expect

from tests.prove.browser.cases.conftest import Arrive
from tests.prove.browser.person import PATIENCE
from tests.prove.browser.site import Site


async def test_it_tells_when_the_answer_in_another_conversation_has_ended(
    site: Site, arrive: Arrive
) -> None:
    person = await arrive(await site.new_key())
    await person.begin("An endless one", words=None, gap_seconds=0.05)
    await person.wait_for_word("w1")
    endless = await person.another_tab()
    await person.begin("A short one", words=1)
    await person.wait_for_end()
    row = person.page.get_by_role("link", name="An endless one")
    await expect(row).to_contain_text("Answering", timeout=PATIENCE)
    await endless.stop()
    await expect(row).not_to_contain_text("Answering", timeout=PATIENCE)


async def test_a_new_name_is_shown_wherever_the_old_one_stood(site: Site, arrive: Arrive) -> None:
    person = await arrive(await site.new_key())
    await person.begin("Hello", words=1)
    await person.wait_for_end()
    other = await person.another_tab()
    await person.page.get_by_text("Rename or archive").click()
    await person.page.get_by_role("textbox", name="Title").fill("About peas & beans")
    await person.button("Rename").click()
    for one in (person, other):
        await expect(one.page.get_by_role("heading", level=1)).to_have_text("About peas & beans")
        await expect(one.page).to_have_title("About peas & beans · Threadlog")
        await expect(one.page.get_by_role("link", name="About peas & beans")).to_be_visible()
        await one.page.reload()
        await expect(one.page).to_have_title("About peas & beans · Threadlog")


async def test_that_it_cannot_be_read_disturbs_nobody(site: Site, arrive: Arrive) -> None:
    person = await arrive(await site.new_key())
    await person.begin("Hello", words=1)
    await person.wait_for_end()

    async def refuse(route: Route) -> None:
        headers = {"hx-retarget": "#notices", "hx-redirect": "/_admin/sign-in"}
        await route.fulfill(status=401, headers=headers, body="<p>Refused</p>")

    await person.page.route("**/beside", refuse)
    place = person.page.url
    await person.page.evaluate(RENEWED)
    await expect(person.page.locator("#notices")).to_have_text("")
    await person.say("And then?", words=1, tag="next")
    await person.wait_for_word("next0")
    assert person.page.url == place
    person.watched.forget_errors("401")


RENEWED = """
() => new Promise((resolve) => {
  document.addEventListener("htmx:afterRequest", () => resolve(), {once: true});
  htmx.trigger("#threads", "threadlog:stale");
})
"""


async def test_what_was_found_before_the_messages_of_the_page_is_shown_with_them(
    site: Site, arrive: Arrive
) -> None:
    person = await arrive(await site.new_key())
    await person.begin("Hello", words=1)
    await person.wait_for_end()
    path, first = urlsplit(person.page.url).path, await person.messages.get_attribute("id")
    for sought, query in ((first, ""), ("said-long-ago", "first=0")):
        await person.open("/_admin/chat")
        await person.page.goto(f"{person.origin}{path}#{sought}", wait_until="commit")
        await person.page.wait_for_url(re.compile(rf"/[^?/]+\?{query}#" if query else "/[^?]+#"))
        await expect(person.messages).to_have_count(1)
