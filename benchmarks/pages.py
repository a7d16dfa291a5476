"""A page shows an answer: how late its words are, what is sent, and what the browser works.

A real Chromium (the system's) has a conversation open. Measures, for answers of Markdown and of
plain words at 50 tokens a second: from the provider's sending of a word, and from the moment at
which its event was recorded, until the word stands in the page; the bytes that the page's stream
sends per 1,000 tokens, before any compression, and how many times the answer's own that is; and the
seconds for which the page's main thread is busy with an answer of 10,000 tokens at 500 a second.
Checks that the page shows the answer whole. Leaves out: painting, slow networks, many tabs
(./do prove browser).
"""

import asyncio
import bisect
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import httpx2
from playwright.async_api import CDPSession

from benchmarks.rig.bounded import measured, options
from benchmarks.rig.figures import Report
from benchmarks.rig.provider import provider
from benchmarks.rig.system import System, running
from domain.times import EPOCH, MILLISECOND
from infrastructure.event_log import LogReader
from infrastructure.event_log.codec import Codec
from tests.prove.browser.chromium import chromium
from tests.prove.browser.conversation import words
from tests.prove.browser.person import Person, arriving

TOKENS_PER_SECOND = 50
LONG_PER_SECOND = 500
STAMP = re.compile(r"(\d{19}):w(\d+)")
MARKDOWN = (
    "## What the log keeps\n\nEvery event has a **position**, a name and a time. It is written "
    "once and never changed, so that whoever reads it later reads *the same words*.\n\n"
    "- The message that was said, by whom and when\n- Each piece of the answer, as it came\n"
    "- What tools were called, with `arguments` and results\n\n"
    "```python\nasync def fold(events):\n    state = State()\n    async for event in events:\n"
    "        state = evolve(state, event)\n    return state\n```\n\n"
    "| Part | Reads | Writes |\n|---|---|---|\n| Worker | its answer | the log |\n"
    "| Projector | the log | tables |\n\n"
)
WATCH = """
() => {
  window.seen = [];
  let last = -1;
  new MutationObserver(() => {
    const texts = document.querySelectorAll("#conversation [id^=text-]");
    const text = texts.length ? texts[texts.length - 1].textContent : "";
    const word = parseInt(text.slice(text.lastIndexOf(":w") + 2));
    if (word > last) window.seen.push([performance.timeOrigin + performance.now(), last = word]);
  }).observe(document.getElementById("conversation"),
    {childList: true, subtree: true, characterData: true});
}
"""


@dataclass(frozen=True)
class Rig:
    """A page on which a conversation is open, and what it takes to look behind it."""

    system: System
    person: Person
    reader: LogReader

    async def answer(self, text: str, *, per_second: float) -> str:
        """Asks for it, waits until it is on the page; what was said, with its stamps."""
        before = await self.person.answers.count()
        await self.person.say(text=text + "THE-END", gap_seconds=1 / per_second)
        await self.person.page.wait_for_function(
            "([count, end]) => { const all = document.querySelectorAll('[id^=answer-]');"
            " return all.length > count && all[all.length - 1].textContent.includes(end); }",
            arg=[before, "THE-END"],
            timeout=120_000,
        )
        await self.person.wait_for_end()
        return "".join(piece for _, piece in (await self.pieces()))

    async def pieces(self) -> list[tuple[float, str]]:
        """Of the last answer: when it was recorded, in milliseconds since 1970, and the text."""
        entries = await self.reader.read_thread(UUID(self.person.thread_id))
        chunks = [entry for entry in entries if entry.name == "completion.chunk"]
        last = [entry for entry in chunks if entry.originator_id == chunks[-1].originator_id]
        return [((entry.recorded_at - EPOCH) / MILLISECOND, _text(entry)) for entry in last]


def _text(entry: Any) -> str:
    event: Any = Codec().decode(entry).event
    return event.text


@dataclass
class Sent:
    """What the stream of a page has sent."""

    count: int = 0


@asynccontextmanager
async def counting(rig: Rig) -> AsyncGenerator[Sent]:
    """Reads the same stream beside the page, both from now on."""
    await rig.person.page.reload()
    cookies = {one["name"]: one["value"] for one in await rig.person.context.cookies()}
    path = await rig.person.page.locator("#stream").get_attribute("sse-connect")
    sent, begun = Sent(), asyncio.Event()

    async def read() -> None:
        async with (
            httpx2.AsyncClient(base_url=rig.system.url, cookies=cookies, timeout=None) as http,
            http.stream("GET", path, headers={"accept-encoding": "identity"}) as answer,
        ):
            assert answer.status_code == 200
            begun.set()
            async for data in answer.aiter_raw():
                sent.count += len(data)

    reading = asyncio.create_task(read())
    try:
        await asyncio.wait_for(begun.wait(), 10)
        yield sent
    finally:
        reading.cancel()
        await asyncio.wait({reading})


async def lateness(report: Report, rig: Rig, *, tokens: int) -> None:
    """Stamped words in paragraphs and lists."""
    lines = [
        f"{'- ' if n % 2 else ''}{' '.join(f'w{k}' for k in range(n * 20, n * 20 + 20))}"
        for n in range(tokens // 20)
    ]
    await rig.person.page.evaluate(WATCH)
    said = await rig.answer("\n\n".join(lines) + "\n\n", per_second=TOKENS_PER_SECOND)
    seen: list[tuple[float, int]] = await rig.person.page.evaluate("window.seen")
    numbers = [number for _, number in seen]
    sent_at = {int(n): int(at) / 1e6 for at, n in STAMP.findall(said)}
    recorded = await rig.pieces()
    recorded_at = {int(n): at for at, text in recorded for n in re.findall(r":w(\d+)", text)}
    shown_at = {
        n: seen[place][0] for n in sent_at if (place := bisect.bisect_left(numbers, n)) < len(seen)
    }
    report.expect(len(shown_at) == len(sent_at), "words are missing on the page")
    report.spread("provider → page, ms", [shown_at[n] - sent_at[n] for n in shown_at])
    both = shown_at.keys() & recorded_at.keys()
    report.spread("log → page, ms", [shown_at[n] - recorded_at[n] for n in both])


async def traffic(report: Report, rig: Rig, *, tokens: int) -> None:
    """Markdown, at the pace of a model."""
    text = _markdown(tokens)
    async with counting(rig) as sent:
        said = await rig.answer(text, per_second=TOKENS_PER_SECOND)
    size = len(said.encode())
    report.fact("bytes of the answer, bytes of its stream", [size, sent.count])
    report.fact("bytes per 1,000 tokens", round(sent.count * 1000 / tokens))
    report.goal("stream ÷ answer", sent.count / size, most=4)


async def work(report: Report, rig: Rig, *, tokens: int) -> None:
    """The main thread of the page."""
    session = await rig.person.context.new_cdp_session(rig.person.page)
    await session.send("Performance.enable")
    before = await _metrics(session)
    async with counting(rig) as sent:
        said = await rig.answer(_markdown(tokens), per_second=LONG_PER_SECOND)
    after = await _metrics(session)
    for name in ("TaskDuration", "ScriptDuration", "LayoutDuration", "RecalcStyleDuration"):
        report.fact(f"{tokens:,} tokens: {name}, s", round(after[name] - before[name], 2))
    report.fact(f"{tokens:,} tokens: stream ÷ answer", round(sent.count / len(said.encode()), 2))
    shown = (await rig.person.seen()).answers[-1]
    fresh = (await rig.person.seen_after_reload()).answers[-1]
    report.expect(words(shown) == words(fresh), "the page shows something else than a reload")


async def _metrics(session: CDPSession) -> dict[str, float]:
    found: dict[str, Any] = await session.send("Performance.getMetrics")
    return {one["name"]: one["value"] for one in found["metrics"]}


def _markdown(tokens: int) -> str:
    """So many pieces, as the provider cuts them, and a few more."""
    pieces = re.findall(r"\s*\S+\s?|\s+", MARKDOWN)
    return MARKDOWN * (tokens // len(pieces)) + "".join(pieces[: tokens % len(pieces)])


async def measure(report: Report, *, tokens: int, long: int) -> None:
    """One conversation."""
    with provider() as environment:
        async with (
            running(environment) as system,
            chromium() as browser,
            arriving(browser, system.url) as person,
            LogReader(system.postgres.url) as reader,
        ):
            link = await system.client.post("/v1/sign-in-links")
            await person.follow(system.url + link["path"])
            await person.begin("Hello", agent="assistant", words=3)
            await person.wait_for_end()
            rig = Rig(system, person, reader)
            await rig.answer(_markdown(100), per_second=TOKENS_PER_SECOND)  # warms up
            await lateness(report, rig, tokens=tokens)
            await traffic(report, rig, tokens=tokens)
            await work(report, rig, tokens=long)


def main(arguments: Sequence[str]) -> int:
    """Print a table, and the same as JSON; the exit code."""
    parser = options("pages", __doc__)
    parser.add_argument("--tokens", type=int, default=1000, help="of the answers at 50 a second")
    parser.add_argument(
        "--long", type=int, default=10_000, help="tokens of the one at 500 a second"
    )
    given = parser.parse_args(arguments)

    return measured(partial(measure, tokens=given.tokens, long=given.long), given)
