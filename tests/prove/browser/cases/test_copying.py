"""What one copies from a conversation is what the model wrote, live or after a reload."""

import json

import pytest
from playwright.async_api import Locator, expect

from tests.prove.browser.cases.conftest import Arrive
from tests.prove.browser.person import Person
from tests.prove.browser.site import Site

PERMISSIONS = ["clipboard-read", "clipboard-write"]
CODE = 'def less(a, b):\n    return a < b and "&amp;"  # 1 < 2'
ANSWER = (
    f"So *this* is it:\n\n```python\n{CODE}\n```\n\n- and `that`\n\n"
    "  ```\n  in a list\n  ```\n\nEnd of it."
)


@pytest.fixture
async def copyist(site: Site, arrive: Arrive) -> Person:
    """Somebody whose browser lets pages write to the clipboard, and the test read it."""
    return await arrive(await site.new_key(), permissions=PERMISSIONS)


async def _copied(person: Person, button: Locator) -> str:
    """With the keyboard: what the clipboard has then, and the person is told so."""
    await person.page.evaluate("navigator.clipboard.writeText('')")
    label = await button.inner_text()
    handle = await button.element_handle()
    assert handle is not None
    await button.focus()
    await person.page.keyboard.press("Enter")
    told = person.page.get_by_role("button", name="Copied")
    await expect(told).to_have_count(1)
    await person.hears("Copied")
    await expect(told).to_have_count(0)
    assert await handle.inner_text() == label
    text: str = await person.page.evaluate("navigator.clipboard.readText()")
    return text


async def _copies_everything(person: Person) -> None:
    code, answer = person.button("Copy code"), person.button("Copy answer")
    await expect(code).to_have_count(2)
    assert await _copied(person, code.first) == CODE
    assert await _copied(person, code.last) == "in a list"
    assert await _copied(person, answer) == ANSWER


async def test_code_and_answers_are_copied_as_they_were_written(copyist: Person) -> None:
    await copyist.begin(text=ANSWER, gap_seconds=0.05)
    await copyist.wait_for_word("End of it.")
    await copyist.wait_for_end()
    await _copies_everything(copyist)
    await copyist.shows_the_log()
    await copyist.page.reload()
    await _copies_everything(copyist)


async def test_an_answer_is_copied_when_it_has_ended_however_it_did(copyist: Person) -> None:
    await copyist.begin(words=None, gap_seconds=0.05)
    await copyist.wait_for_word("w3")
    await expect(copyist.button("Copy answer")).to_have_count(0)
    await copyist.stop()
    await copyist.wait_for_state("cancelled")
    assert (await _copied(copyist, copyist.button("Copy answer"))).startswith("w0 w1 w2 w3 ")


async def test_an_auditor_copies_what_a_provider_was_sent(
    site: Site, arrive: Arrive, copyist: Person
) -> None:
    await copyist.begin("What was sent", words=2)
    await copyist.wait_for_end()
    auditor = await arrive(await site.new_key("auditor"), permissions=PERMISSIONS)
    await auditor.page.goto(f"{site.url}/_admin/threads/{copyist.thread_id}/requests")
    await auditor.page.get_by_label("Reason").fill("Ticket 7")
    await auditor.button("Go on").click()
    copied = await _copied(auditor, auditor.button("Copy").first)
    assert "What was sent" in copied
    assert json.loads(copied)["model"] == "gpt-5"


async def test_what_could_not_be_copied_is_told(copyist: Person) -> None:
    await copyist.begin(words=3)
    await copyist.wait_for_end()
    await copyist.context.set_offline(True)
    await copyist.button("Copy answer").click()
    await copyist.hears("Not copied")
    await copyist.context.set_offline(False)
    copyist.watched.forget_errors("htmx:")  # the list beside it cannot be reached either


async def test_where_there_is_no_clipboard_there_are_no_buttons(person: Person) -> None:
    await person.context.add_init_script("delete Navigator.prototype.clipboard")
    await person.begin(text=ANSWER)
    await person.wait_for_word("End of it.")
    await person.wait_for_end()
    await person.page.reload()
    await expect(person.answer).to_contain_text("End of it.")
    await expect(person.page.locator(".copy")).to_have_count(0)
