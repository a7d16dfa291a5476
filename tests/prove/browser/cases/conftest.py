"""One running system, one browser, and people who come to it."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, TypeAlias

import pytest
from playwright.async_api import Browser

from tests.prove.browser import site as sites
from tests.prove.browser.chromium import chromium
from tests.prove.browser.person import Person, arriving
from tests.prove.browser.site import Site

Arrive: TypeAlias = Callable[..., Awaitable[Person]]


@pytest.fixture(scope="session")
async def site() -> AsyncGenerator[Site]:
    async with sites.running() as site:
        yield site


@pytest.fixture(scope="session")
async def browser() -> AsyncGenerator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest.fixture
async def arrive(site: Site, browser: Browser) -> AsyncGenerator[Arrive]:
    """Somebody who comes with a browser of their own; at the end they all have seen nothing bad.

    With a `key` they are signed in; `options` are those of Browser.new_context.
    """
    async with AsyncExitStack() as stack:
        people: list[Person] = []

        async def person(key: str | None = None, **options: Any) -> Person:
            came = await stack.enter_async_context(arriving(browser, site.url, **options))
            people.append(came)
            if key is not None:
                await came.follow(await site.link_for(key))
            return came

        yield person
        for one in people:
            await one.is_clean()


@pytest.fixture
async def person(site: Site, arrive: Arrive) -> Person:
    """Somebody new, signed in."""
    return await arrive(await site.new_key())
