"""Every page: accessible, without errors, and readable on a telephone."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack

import pytest
from playwright.async_api import Browser, ViewportSize

from tests.prove.browser.axe import findings
from tests.prove.browser.person import Person, Scheme, arriving
from tests.prove.browser.site import Site
from tests.prove.browser.tour import ALL, EVERYBODY, Lively, Stop, Who, lively

WIDE: ViewportSize = {"width": 1280, "height": 900}
NARROW: ViewportSize = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
async def house(site: Site, browser: Browser) -> AsyncGenerator[Lively]:
    """Something to see on every page."""
    async with arriving(browser, site.url) as person:
        yield await lively(site, person)


@pytest.fixture(scope="module", params=["light", "dark"])
async def visitors(
    site: Site, browser: Browser, house: Lively, request: pytest.FixtureRequest
) -> AsyncGenerator[dict[Who, Person]]:
    """One of each, for one colour scheme."""
    scheme: Scheme = request.param
    async with AsyncExitStack() as stack:
        came: dict[Who, Person] = {}
        for who in EVERYBODY:
            arrived = arriving(browser, site.url, color_scheme=scheme, viewport=WIDE)
            came[who] = await stack.enter_async_context(arrived)
            await house.bring_in(came[who], who, site=site)
        yield came


@pytest.mark.parametrize("stop", ALL, ids=[stop.name for stop in ALL])
async def test_a_page_is_accessible_says_nothing_in_the_console_and_fits_a_telephone(
    visitors: dict[Who, Person], house: Lively, stop: Stop
) -> None:
    person = visitors[stop.who]
    await person.page.set_viewport_size(WIDE)
    answer = await person.page.goto(person.origin + house.path(stop))
    assert answer is not None
    assert answer.status == (404 if stop.name == "missing" else 200)
    person.watched.forget_errors("404")
    await person.page.evaluate("document.fonts.ready")
    found = [one for one in await findings(person.page) if one.is_serious]
    assert not found, "\n".join(map(str, found))
    await person.page.set_viewport_size(NARROW)
    wide: list[str] = await person.page.evaluate(TOO_WIDE)
    assert not wide, wide
    found = [one for one in await findings(person.page) if one.is_serious]
    assert not found, "\n".join(map(str, found))
    await person.is_clean()


TOO_WIDE = """
() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  return ["" + document.documentElement.scrollWidth, ...[...document.querySelectorAll("body *")]
    .filter((one) => one.getBoundingClientRect().right > width && !one.closest(".scroll, pre"))
    .slice(0, 5).map((one) => one.outerHTML.slice(0, 120))];
}
"""
