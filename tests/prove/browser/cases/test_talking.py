"""Answers that are stopped, tools at work, approvals, results that come later, and the queue."""

import re
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest
from playwright.async_api import Route, expect

from tests.model_server import ask
from tests.prove.browser.person import PATIENCE, Person


@pytest.fixture
def leaves() -> Generator[Path]:
    """Where the background tool looks for the file `go`."""
    with tempfile.TemporaryDirectory(prefix="threadlog-leaves-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


async def test_stop_ends_the_answer_and_keeps_its_words(person: Person) -> None:
    await person.begin(words=None, gap_seconds=0.05)
    await person.wait_for_word("w5")
    await person.stop()
    await person.wait_for_state("cancelled")
    await person.wait_for_end()
    await person.hears("Answer stopped")
    assert (await person.seen()).answers[0].startswith("w0 w1 w2 w3 w4 w5")
    await person.shows_the_log()


async def test_a_question_that_failed_is_asked_again_and_nothing_that_was_typed_is_lost(
    person: Person,
) -> None:
    await person.begin("Hello", refuse="key")
    await person.wait_for_state("failed")
    await person.wait_for_end()
    asked = ask("Hello", refuse="key")
    await person.button("Ask again").click()
    await expect(person.box).to_be_focused()
    await expect(person.box).to_have_value(asked)
    await person.page.keyboard.press("Enter")
    await expect(person.messages).to_have_text([re.compile(re.escape(asked))] * 2)
    await expect(person.answers).to_have_count(2, timeout=PATIENCE)
    await person.wait_for_end()
    await person.box.fill("Well: ")
    await person.page.get_by_role("button", name="Ask again: ").first.press("Enter")
    await expect(person.box).to_have_value(f"Well: {asked}")
    await person.shows_the_log()


async def test_a_tools_box_shows_its_progress_and_then_its_result_and_the_answer_goes_on_by_itself(
    person: Person, leaves: Path
) -> None:
    await person.begin(
        calls=[["gather", {"folder": str(leaves)}]], then={"text": "It has begun."}, words=2
    )
    await person.wait_for_word("It has begun.")
    bar = person.page.get_by_role("progressbar")
    await expect(bar).to_be_visible(timeout=PATIENCE)
    await expect(person.conversation).to_contain_text("half of the leaves")
    (leaves / "go").touch()
    await expect(person.answers).to_have_count(2, timeout=PATIENCE)
    await person.wait_for_end()
    await expect(person.conversation).to_contain_text("forty-two leaves")
    await expect(bar).to_be_hidden()
    await person.shows_the_log()


@pytest.mark.parametrize(("button", "words"), [("Approve", "Approved"), ("Deny", "Denied")])
async def test_a_tool_waits_for_a_persons_word(person: Person, button: str, words: str) -> None:
    await person.begin(words=2)
    await person.wait_for_end()  # the page is open before it is asked, and says so
    await person.say(calls=[["pay", {"amount": 5, "to": "Ada"}]], then={"text": "That is settled."})
    await expect(person.button("Approve")).to_be_visible(timeout=PATIENCE)
    await expect(person.button("Deny")).to_be_visible()
    await person.hears("Approval needed: pay")
    await expect(person.conversation).to_contain_text("Ada")
    await person.page.get_by_label("Why (optional)").fill("So be it")
    await person.page.keyboard.press("Enter")
    await person.button(button).click()
    await person.wait_for_word("That is settled.")
    await expect(person.button("Approve")).to_be_hidden()
    await expect(person.conversation).to_contain_text(f"{words}: So be it")
    await person.wait_for_end()
    await person.shows_the_log()


async def test_a_message_waits_in_the_queue_and_can_be_withdrawn(person: Person) -> None:
    await person.begin(words=None, gap_seconds=0.05)
    await person.wait_for_word("w1")
    await person.say("Never mind", words=2)
    await expect(person.queue).to_contain_text("Never mind")
    await person.say("After that", words=2, tag="after")
    await expect(person.queue).to_contain_text("After that")
    await person.queue.get_by_role("button", name="Withdraw: Never mind").click()
    await expect(person.queue).not_to_contain_text("Never mind")
    await person.stop()
    await person.wait_for_word("after1")
    await expect(person.queue).not_to_contain_text("After that")
    await person.wait_for_end()
    await person.shows_the_log()


async def test_a_message_that_interrupts_need_not_wait(person: Person) -> None:
    await person.begin(words=None, gap_seconds=0.05)
    await person.wait_for_word("w3")
    await person.say("Be brief", when_busy="interrupt", words=2, tag="brief")
    await expect(person.messages.last).to_contain_text("Be brief")
    await person.wait_for_word("brief1")
    await person.wait_for_end()
    await person.shows_the_log()


async def test_a_message_that_steers_is_heard_before_the_answers_next_step(person: Person) -> None:
    await person.begin(calls=[["look", {"at": "tree"}]], preamble=60, gap_seconds=0.05)
    await person.wait_for_word("w3")
    await person.say("Be brief", when_busy="steer", words=2, tag="brief")
    await expect(person.page.get_by_label("While the agent answers")).to_have_value("enqueue")
    await expect(person.queue).to_contain_text("Steers at the next step")
    await person.wait_for_word("brief1")
    await expect(person.messages.last).to_contain_text("Be brief")
    await expect(person.queue).to_have_text("")
    await person.wait_for_end()
    await person.shows_the_log()


async def test_a_failure_is_shown_where_it_happened(person: Person) -> None:
    await person.begin("Please fail", agent="assistant")
    await person.wait_for_state("failed")
    await person.wait_for_end()
    await person.shows_the_log()


async def test_what_is_written_after_a_first_message_was_sent_unheard_is_sent_too(
    person: Person,
) -> None:
    """The form still has the id of the first try, of which nobody knows what came."""
    await person.open("/_admin/chat")
    await person.page.route("**/_admin/chat/new", _lose_the_answer)
    await person.box.fill("Hello")
    await person.button("Send").click()
    await expect(person.page.get_by_text("The server cannot be reached")).to_be_visible()
    await person.page.unroute("**/_admin/chat/new")
    await person.box.fill("Hello again")
    await person.button("Send").click()
    await expect(person.page.get_by_text("Send again to send this too")).to_be_visible()
    await person.button("Send").click()
    await person.page.wait_for_url(re.compile(r"/_admin/chat/[0-9a-f-]{36}"))
    await expect(person.messages).to_contain_text("Hello again")
    person.watched.forget_errors("422", "htmx:")


async def test_an_error_of_a_proxy_is_told_and_what_was_written_stays(person: Person) -> None:
    await person.begin(words=1)
    await person.wait_for_end()
    await person.page.route(
        "**/send", lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>")
    )
    await person.box.fill("And then?")
    await person.button("Send").click()
    await expect(person.page.get_by_text("The server cannot be reached")).to_be_visible()
    await expect(person.box).to_have_value("And then?")
    await person.page.unroute("**/send")
    await person.say("And then?", words=1, tag="next")
    await person.wait_for_word("next0")
    await expect(person.page.locator("#notices")).to_have_text("")
    person.watched.forget_errors("502")


async def _lose_the_answer(route: Route) -> None:
    await route.fetch()
    await route.abort()
