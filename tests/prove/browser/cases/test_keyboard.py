"""Everything that matters, without a mouse."""

from playwright.async_api import Locator, expect

from tests.prove.browser.cases.conftest import Arrive
from tests.prove.browser.person import PATIENCE, Person
from tests.prove.browser.site import Site

MOST_TABS = 60


async def _tab_to(person: Person, target: Locator) -> None:
    """With the Tab key, from wherever the focus is; it can be seen where it ends."""
    await expect(target).to_be_visible(timeout=PATIENCE)
    for _ in range(MOST_TABS):
        if await target.evaluate("element => element === document.activeElement"):
            assert await target.evaluate(OUTLINED), f"the focus cannot be seen on {target}"
            return
        await person.page.keyboard.press("Tab")
    raise AssertionError(f"{MOST_TABS} times Tab do not lead to {target}")


OUTLINED = """
(element) => [element, element.parentElement].some((one) => {
  const style = getComputedStyle(one);
  return one.matches(":focus-within") && style.outlineStyle !== "none"
    && parseFloat(style.outlineWidth) > 0;
})
"""


async def test_signing_in_talking_stopping_and_approving_need_only_a_keyboard(
    site: Site, arrive: Arrive
) -> None:
    person = await arrive()
    keyboard = person.page.keyboard
    await person.open("/_admin")
    await _tab_to(person, person.page.get_by_label("API key"))
    await keyboard.type(await site.new_key())
    await keyboard.press("Enter")
    await person.page.wait_for_url("**/_admin/chat")
    await _tab_to(person, person.page.get_by_label("Agent"))
    await keyboard.type("scripted")
    await _tab_to(person, person.box)
    await keyboard.insert_text('Endless @script {"words": null, "gap_seconds": 0.05}')
    await _tab_to(person, person.button("Send"))
    await keyboard.press("Enter")
    await person.wait_for_word("w3")
    await _tab_to(person, person.button("Stop"))
    await keyboard.press("Enter")
    await person.wait_for_state("cancelled")
    await _tab_to(person, person.box)
    await keyboard.insert_text('Pay @script {"calls": [["pay", {"amount": 5, "to": "Ada"}]]}')
    await keyboard.press("Enter")
    await _tab_to(person, person.button("Approve"))
    await keyboard.press("Enter")
    await expect(person.conversation).to_contain_text("5 paid to Ada", timeout=PATIENCE)


async def test_what_the_keyboard_comes_to_is_not_behind_something_else(person: Person) -> None:
    text = "\n\n".join(f"[{n}](https://example.com/{n})\n\n{'word ' * 40}" for n in range(25))
    await person.begin(text=text)
    await person.wait_for_end()
    await person.answer.get_by_role("link").first.focus()
    for key in ("Tab", "Shift+Tab"):
        for _ in range(24):
            await person.page.keyboard.press(key)
            covered: str = await person.page.evaluate(COVERED)
            assert not covered, f"{key}: {covered}"


COVERED = """
() => {
  const {x, y, width, height} = document.activeElement.getBoundingClientRect();
  const seen = document.elementFromPoint(x + width / 2, y + height / 2);
  if (document.activeElement.contains(seen)) return "";
  return `${document.activeElement.outerHTML} is behind ${seen?.outerHTML.slice(0, 200)}`;
}
"""


async def test_the_first_tab_skips_to_the_content(person: Person) -> None:
    await person.page.keyboard.press("Tab")
    focused: str = await person.page.evaluate("document.activeElement.getAttribute('href')")
    assert focused.startswith("#")
