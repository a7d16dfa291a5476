"""A person at a browser: what they do on the pages, by the names that they read there."""

import asyncio
import re
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, Error, Locator, Page, expect

from tests.model_server import ask
from tests.prove.browser.conversation import Seen, difference, seen
from tests.prove.browser.watched import Watched, violations

PATIENCE = 45_000.0  # milliseconds: a busy machine
Scheme = Literal["light", "dark"]


@dataclass(frozen=True)
class Person:
    """One tab of one browser, and what its context has done that it should not."""

    page: Page
    context: BrowserContext
    watched: Watched

    @property
    def origin(self) -> str:
        return self.watched.origin

    @property
    def thread_id(self) -> str:
        """Of the conversation that is open."""
        return urlsplit(self.page.url).path.split("/")[3]

    async def open(self, path: str) -> None:
        """A page, by its address."""
        await self.page.goto(f"{self.origin}{path}")

    async def another_tab(self) -> "Person":
        """At the same page."""
        page = await self.context.new_page()
        await page.goto(self.page.url)
        return Person(page, self.context, self.watched)

    async def sign_in(self, key: str) -> None:
        """With a key, as the sign-in page asks for it."""
        await self.open("/_admin")
        await self.page.get_by_label("API key").fill(key)
        await self.button("Sign in").click()
        await self.page.wait_for_url(lambda url: "/sign-in" not in url)

    async def follow(self, link: str) -> None:
        """A one-time link; it asks before it is used up, so that a preview does not use it."""
        await self.page.goto(link)
        await self.button("Sign in").click()
        await self.page.wait_for_url(lambda url: "/sign-in" not in url)

    async def begin(
        self, text: str = "Hello", /, *, agent: str = "scripted", **script: object
    ) -> None:
        """A new conversation; `script` is what the model shall answer."""
        await self.open("/_admin/chat")
        await self.page.get_by_label("Agent").select_option(agent)
        await self.box.fill(ask(text, **script) if script else text)
        await self.button("Send").click()
        await self.page.wait_for_url(re.compile(r"/_admin/chat/[0-9a-f-]{36}"))

    async def say(
        self, text: str = "And then?", /, *, when_busy: str | None = None, **script: object
    ) -> None:
        """One more message; it waits for its turn, or `when_busy` says what it does instead."""
        if when_busy:
            await self.page.get_by_label("While the agent answers").select_option(when_busy)
        await self.box.fill(ask(text, **script) if script else text)
        await self.button("Send").click()
        await expect(self.box).to_have_value("")

    async def stop(self) -> None:
        """The answer that is being written."""
        await self.button("Stop").click()

    @property
    def box(self) -> Locator:
        """Where messages are written."""
        return self.page.get_by_role("textbox", name="Message")

    @property
    def conversation(self) -> Locator:
        return self.page.locator("#conversation")

    @property
    def queue(self) -> Locator:
        """Messages that wait."""
        return self.page.locator("#queue")

    @property
    def messages(self) -> Locator:
        """What people said."""
        return self.page.locator("[id^=said-]")

    @property
    def answers(self) -> Locator:
        return self.page.locator("[id^=answer-]")

    @property
    def answer(self) -> Locator:
        """The last one."""
        return self.answers.last

    @property
    def text(self) -> Locator:
        """Of the last answer, or its last part."""
        return self.answer.locator("[id^=text-]").last

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    async def wait_for_word(self, word: str) -> None:
        """Until the last answer says so."""
        await expect(self.answer).to_contain_text(word, timeout=PATIENCE)

    async def wait_for_state(self, state: str) -> None:
        """Until the last answer is completed, failed, cancelled …"""
        await expect(self.answer.locator(f"[data-state={state}]").last).to_be_attached(
            timeout=PATIENCE
        )

    async def wait_for_end(self) -> None:
        """Until nothing is being written."""
        await expect(self.page.locator("#actions button")).to_have_count(0, timeout=PATIENCE)

    async def hears(self, words: str) -> None:
        """Without seeing the page: until this is announced."""
        await expect(self.page.locator("#announcements")).to_contain_text(words, timeout=PATIENCE)

    async def hide(self) -> None:
        """Behind another tab: the page is told so, for there is no window here."""
        await self.page.evaluate(VISIBILITY, "hidden")

    async def show(self) -> None:
        """In front again."""
        await self.page.evaluate(VISIBILITY, "visible")

    async def seen(self) -> Seen:
        """All that the conversation shows."""
        return await seen(self.page)

    async def seen_after_reload(self) -> Seen:
        """The same, as somebody sees it who opens it now."""
        page = await self.context.new_page()
        try:
            await page.goto(self.page.url)
            return await seen(page)
        finally:
            await page.close()

    async def shows_the_log(self) -> None:
        """What has come live is what anybody sees who opens the conversation now."""
        fresh = await self.seen_after_reload()
        deadline = time.monotonic() + 5
        while difference(await self.seen(), fresh) and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        parted = difference(await self.seen(), fresh)
        assert not parted, parted

    async def lengths(self, *, until: str, most_seconds: float = 20.0) -> list[int]:
        """Each length that the text of the last answer had, until it says the word."""
        found: list[int] = await self.page.evaluate(
            GROWTH, {"until": until, "milliseconds": most_seconds * 1000}
        )
        return found

    async def is_clean(self) -> None:
        """Nothing ran, was asked for or was said that should not have been."""
        watched = self.watched
        bad = [*watched.dialogs, *watched.strange, *watched.errors]
        for page in self.context.pages:
            with suppress(Error):  # it has no document of ours
                bad += await violations(page)
        assert not bad, "\n".join(bad)


@asynccontextmanager
async def arriving(browser: Browser, origin: str, **options: Any) -> AsyncGenerator[Person]:
    """With a browser that knows nothing yet; `options` of Browser.new_context."""
    context = await browser.new_context(**options)
    try:
        context.set_default_timeout(PATIENCE)
        watched = Watched(origin)
        await watched.watch(context)
        yield Person(await context.new_page(), context, watched)
    finally:
        await context.close()


VISIBILITY = """
(state) => {
  Object.defineProperty(document, "visibilityState", {value: state, configurable: true});
  Object.defineProperty(document, "hidden", {value: state === "hidden", configurable: true});
  document.dispatchEvent(new Event("visibilitychange"));
}
"""

GROWTH = """
({until, milliseconds}) => new Promise((resolve, reject) => {
  const lengths = [];
  const look = () => {
    const texts = document.querySelectorAll("[id^=text-]");
    const text = texts.length ? texts[texts.length - 1].textContent : "";
    if (lengths[lengths.length - 1] !== text.length) lengths.push(text.length);
    if (text.includes(until)) { stop(); resolve(lengths); }
  };
  const observer = new MutationObserver(look);
  const late = setTimeout(
    () => { stop(); reject(new Error(`lengths: ${lengths}`)); }, milliseconds);
  const stop = () => { observer.disconnect(); clearTimeout(late); };
  observer.observe(document.body, {childList: true, subtree: true, characterData: true});
  look();
})
"""
