"""Inside a conversation: its events, its past, its requests; and who else may look."""

from playwright.async_api import expect

from tests.prove.browser.cases.conftest import Arrive
from tests.prove.browser.conversation import words
from tests.prove.browser.person import PATIENCE, Person
from tests.prove.browser.site import Site


async def test_the_slider_shows_the_conversation_as_it_was_and_plays_it_back(
    person: Person,
) -> None:
    await person.begin(words=30, gap_seconds=0.02)
    await person.wait_for_word("w29")
    await person.wait_for_end()
    await person.open(f"/_admin/threads/{person.thread_id}/at")
    slider = person.page.get_by_role("slider")
    await expect(slider).to_be_visible()
    await slider.focus()
    await slider.press("Home")
    await expect(person.conversation).not_to_contain_text("w29")
    await slider.press("End")
    await expect(person.conversation).to_contain_text("w29", timeout=PATIENCE)
    await slider.press("Home")
    await person.button("Play").click()
    await expect(person.conversation).to_contain_text("w5", timeout=PATIENCE)
    await expect(person.conversation).to_contain_text("w29", timeout=PATIENCE)
    assert words((await person.seen()).answers[0]) == [f"w{n}" for n in range(30)]


async def test_every_event_is_there_with_its_json(person: Person) -> None:
    await person.begin(words=3)
    await person.wait_for_end()
    await person.open(f"/_admin/threads/{person.thread_id}/timeline")
    for name in ("thread.started", "completion.requested", "completion.finished"):
        await expect(person.page.get_by_text(name).first).to_be_visible()


async def test_an_auditor_whose_reason_is_gone_is_asked_for_one_where_they_read(
    site: Site, arrive: Arrive
) -> None:
    """It is another auditor's, who has signed in since, or the browser has forgotten it."""
    person, auditor = (
        await arrive(await site.new_key()),
        await arrive(await site.new_key("auditor")),
    )
    await person.begin(words=1)
    await person.wait_for_end()
    await auditor.page.goto(person.page.url)
    await auditor.page.get_by_label("Reason").fill("Ticket 7")
    await auditor.button("Go on").click()
    await expect(auditor.conversation).to_contain_text("w0")
    await auditor.context.clear_cookies(name="threadlog-reason")
    await auditor.hide()
    await auditor.show()
    told = auditor.page.locator("#connection")
    await expect(told).to_contain_text("A reason is needed to read on.")
    await told.get_by_role("link", name="Give one").click()
    await expect(auditor.page.get_by_label("Reason")).to_be_visible()
    auditor.watched.forget_errors("422")


async def test_an_auditor_gives_a_reason_before_a_conversation_is_shown(
    person: Person, site: Site, arrive: Arrive
) -> None:
    await person.begin("My secret", words=3)
    await person.wait_for_end()
    auditor = await arrive(await site.new_key("auditor"))
    await auditor.page.goto(person.page.url)
    await expect(auditor.page.get_by_text("My secret")).to_have_count(0)
    await auditor.page.get_by_label("Reason").fill("Ticket 7")
    await auditor.button("Go on").click()
    await expect(auditor.page.get_by_text("My secret").first).to_be_visible()
    await expect(auditor.page.get_by_text("Ticket 7")).to_be_visible()
    await person.say("Go on", words=3, tag="more")
    await auditor.wait_for_word("more2")
