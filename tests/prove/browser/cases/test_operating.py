"""What an administrator sees and does."""

import re

from playwright.async_api import expect

from tests.prove.browser.cases.conftest import Arrive
from tests.prove.browser.person import PATIENCE, Person
from tests.prove.browser.site import Site


async def test_an_operator_sees_a_running_answer_and_cancels_it(
    person: Person, site: Site, arrive: Arrive
) -> None:
    await person.begin("My secret", words=None, gap_seconds=0.05)
    await person.wait_for_word("w3")
    operator = await arrive(await site.new_key("admin"))
    await operator.open(f"/_admin/operations/completions?status=open&thread={person.thread_id}")
    await operator.page.get_by_role("button", name=re.compile("^Cancel")).click()
    await person.wait_for_state("cancelled")
    assert "My secret" not in await operator.page.content()


async def test_a_key_is_shown_once_and_works(person: Person, arrive: Arrive) -> None:
    await person.open("/_admin/keys")
    await person.page.get_by_label("Name").fill("My laptop")
    await person.button("Issue key").click()
    shown = person.page.get_by_role("textbox", name="Key", exact=True)
    await expect(shown).to_be_visible(timeout=PATIENCE)
    key = await shown.input_value()
    await person.open("/_admin/keys")
    assert key not in await person.page.content()
    await expect(person.page.get_by_text("My laptop")).to_be_visible()
    laptop = await arrive()
    await laptop.sign_in(key)


async def test_operations_users_agents_and_webhooks_open(site: Site, arrive: Arrive) -> None:
    admin = await arrive(await site.new_key("admin"))
    for path in ("operations", "users", "agents", "webhooks", "keys"):
        answer = await admin.page.goto(f"{site.url}/_admin/{path}")
        assert answer is not None
        assert answer.status == 200, path
        await expect(admin.page.get_by_role("heading", level=1)).to_be_visible()
    assert (
        "scripted"
        in await (await admin.page.context.request.get(f"{site.url}/_admin/agents")).text()
    )
