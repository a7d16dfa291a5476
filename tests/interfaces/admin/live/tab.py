"""A browser's tab: a page that its stream keeps as the conversation is, without a screen."""

import asyncio
import copy
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

import httpx2

from tests.interfaces.admin.dom import Element, grow, parsed, words
from tests.interfaces.admin.visitors import Visitor

DEADLINE_SECONDS = 10.0
PLACES = ("title", "status", "conversation", "queue", "actions")


class Tab:
    """It does to its page what `threadlog.js` does."""

    def __init__(self, html: str) -> None:
        self.page = parsed(html)
        connector = self.page.by_id("stream")
        self.address = connector.attributes["sse-connect"]
        self.listens_to = connector.attributes["sse-swap"].split(",")
        self.cursor = int(parse_qs(urlsplit(self.address).query)["after"][0])
        self.heard: list[str] = []  # names of all events
        self.said: list[str] = []  # to those who cannot see
        self.size = 0  # bytes that came
        self.remembers = True
        self.moments: dict[int, Element] = {}  # the page by place of the log
        self._rest = ""
        self._batch: list[tuple[str, str]] = []
        self._named = ""
        self._growing: Element | None = None
        self._news = asyncio.Event()
        self._receiving: asyncio.Task[None] | None = None
        self._remember()

    @property
    def html(self) -> str:
        """All that the stream changes."""
        return "".join(self.page.by_id(place).tidy().outer_html for place in PLACES)

    @property
    def text(self) -> str:
        return words(self.page.by_id("conversation"))

    @property
    def first_message(self) -> str:
        """Its id."""
        ids = [one.attributes.get("id", "") for one in self.page.by_id("conversation").elements()]
        return next(one for one in ids if one.startswith("said-")).removeprefix("said-")

    @asynccontextmanager
    async def listening(
        self, visitor: Visitor, *, after: int | str | None = None
    ) -> AsyncGenerator[httpx2.Response]:
        """The stream is open in the block."""
        self.connected()
        path, cursor = urlsplit(self.address).path, self.cursor if after is None else after
        headers = {"accept": "text/event-stream"}
        async with visitor.browser.stream(
            "GET", path, params={"after": str(cursor)}, headers=headers
        ) as answer:
            assert answer.status_code == 200, await answer.aread()
            self._receiving = asyncio.create_task(self._receive(answer))
            try:
                yield answer
            finally:
                self._receiving.cancel()
                await asyncio.wait({self._receiving})

    def connected(self) -> None:
        """A new connection begins: what was left of the one before is nothing."""
        self._rest, self._batch, self._named, self._growing = "", [], "", None

    async def until(self, condition: Callable[[], bool]) -> None:
        """True, with all that has come by then."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not condition():
                if self._receiving is not None and self._receiving.done():
                    self._receiving.result()
                self._news.clear()
                await self._news.wait()

    async def reach(self, position: int) -> None:
        """Until it shows at least this place of the log."""
        await self.until(lambda: self.cursor >= position)

    async def _receive(self, answer: httpx2.Response) -> None:
        try:
            async for piece in answer.aiter_raw():
                self.feed(piece)
                self._news.set()
        finally:
            self._news.set()

    def feed(self, body: bytes) -> None:
        """Some bytes of the stream."""
        self.size += len(body)
        *blocks, self._rest = (self._rest + body.decode()).split("\n\n")
        for block in blocks:
            fields = [line.partition(": ") for line in block.split("\n")]
            data = "\n".join(value for name, _, value in fields if name == "data")
            told = {name: value for name, _, value in fields if name in ("id", "event")}
            if data:
                self._hear(told, data)

    def _hear(self, told: Mapping[str, str], data: str) -> None:
        name = told["event"]
        self.heard.append(name)
        if name not in ("connected", "beat"):
            self._batch.append((name, data))
        if "id" not in told:
            return
        for change in self._batch:
            self._apply(*change)
        self._batch = []
        self.cursor = int(told["id"])
        self._remember()

    def _remember(self) -> None:
        if self.remembers:
            self.moments[self.cursor] = copy.deepcopy(self.page)

    def as_of(self, position: int) -> "Tab":
        """Another tab, that has shown no more than this since."""
        other = copy.copy(self)
        other.page, other.cursor = copy.deepcopy(self.moments[position]), position
        other.heard, other.said, other.moments = [], [], {}
        other._news = asyncio.Event()
        return other

    def _apply(self, name: str, data: str) -> None:
        match name:
            case "say":
                self.said.append(data)
            case "open" | "close" | "keep" | "more" | "ended":
                element, _, rest = data.partition(" ")
                self._named = self._named if element == "." else element
                if self._growing is None or self._growing.attributes["id"] != self._named:
                    self._growing = self.page.by_id(self._named)
                level, _, html = rest.partition(" ") if name == "more" else ("0", "", rest)
                grow(self._growing, name, html, level=int(level))
            case _:
                _swap(self.page, data)
                self._growing = None


def _swap(page: Element, html: str) -> None:
    """Out of band, as htmx does it."""
    for new in list(parsed(html).children):
        assert isinstance(new, Element), new
        how, _, where = new.attributes.pop("hx-swap-oob").partition(":#")
        match how:
            case "true":
                old = page.by_id(new.attributes["id"])
                old.put_before(new)
                old.remove()
            case "beforeend":
                page.by_id(where).append(*new.children)
            case "beforebegin":
                page.by_id(where).put_before(*new.children)
            case _:
                raise AssertionError(how)


async def opened(visitor: Visitor, thread_id: object) -> Tab:
    """The page of a conversation, freshly loaded."""
    return Tab(await visitor.page(f"/_admin/chat/{thread_id}"))
