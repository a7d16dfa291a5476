"""From the first visit to the first answer, and who gets no further."""

import re

import pytest
from playwright.async_api import expect

from tests.prove.browser.cases.conftest import Arrive
from tests.prove.browser.person import Person
from tests.prove.browser.site import Site

PRIVATE = ("/_admin/chat", "/_admin/operations", "/_admin/users", "/_admin/keys", "/_admin/agents")


async def test_the_link_that_up_prints_leads_to_an_answer_that_grows_while_one_reads(
    site: Site, arrive: Arrive
) -> None:
    newcomer = await arrive()
    await newcomer.follow(site.link())
    await newcomer.begin("Write 60 words", agent="assistant")
    lengths = await newcomer.lengths(until=".", most_seconds=30)
    assert len(lengths) >= 3
    assert lengths == sorted(lengths)
    await newcomer.wait_for_end()
    await newcomer.hears("Answer finished")
    await newcomer.shows_the_log()


async def test_a_link_signs_in_once(site: Site, arrive: Arrive) -> None:
    link = await site.link_for(await site.new_key())
    first, second = await arrive(), await arrive()
    await first.follow(link)
    await second.page.goto(link)
    await second.button("Sign in").click()
    await expect(second.page.get_by_role("heading", level=1)).not_to_have_text(
        "Sign in to Threadlog"
    )
    second.watched.forget_errors("Failed to load resource")
    await second.open("/_admin/chat")
    await expect(second.page).to_have_url(re.compile("sign-in"))


async def test_a_key_signs_in_a_wrong_one_says_so_and_who_signs_out_is_out(
    site: Site, arrive: Arrive
) -> None:
    person = await arrive()
    await person.open("/_admin")
    await person.page.get_by_label("API key").fill("tl_this_is_no_key")
    await person.button("Sign in").click()
    await expect(person.page.get_by_text("This is not a key")).to_be_visible()
    person.watched.forget_errors("Failed to load resource")
    await person.sign_in(await site.new_key())
    await expect(person.page.get_by_role("heading", level=1)).to_be_visible()
    await person.button("Sign out").click()
    await person.page.wait_for_url(re.compile("sign-in"))
    await person.open("/_admin/chat")
    await expect(person.page).to_have_url(re.compile("sign-in"))


@pytest.mark.parametrize("path", PRIVATE)
async def test_a_stranger_sees_only_where_to_sign_in(arrive: Arrive, path: str) -> None:
    stranger = await arrive()
    await stranger.open(path)
    await expect(stranger.page).to_have_url(re.compile("sign-in"))


async def test_nobody_sees_another_persons_conversation(
    person: Person, site: Site, arrive: Arrive
) -> None:
    await person.begin("My secret", words=3)
    await person.wait_for_word("w2")
    other = await arrive(await site.new_key())
    answer = await other.page.goto(person.page.url)
    assert answer is not None
    assert answer.status == 404
    assert "My secret" not in await other.page.content()
    stream = await other.context.request.get(f"{site.url}/_events/chat/{person.thread_id}")
    assert stream.status == 404
    other.watched.forget_errors("Failed to load resource")
