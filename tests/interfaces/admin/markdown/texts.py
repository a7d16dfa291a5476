"""Texts as models write them, and texts as nobody should."""

# ruff: noqa: E501

import random

PROSE = """# How a log becomes a chat

An **event log** keeps what happened, *in order*, and never forgets. Everything else is made from it: the list of \
threads, the search, and the page that you are reading. If one of them is wrong, it is thrown away and made again.

There are three things to remember:

1. **Append only.** A fact that was written stays written; a correction is a new fact that names the old one, and \
readers see both.
2. **One order.** Every event has a position. Two readers that have seen the same position have seen the same world.
3. **Readers are free.** They may be slow, late or many. See [the design notes](https://example.com/design/notes) or \
the paper at <https://example.org/papers/log.pdf> for the long story.

What about failure? A worker that dies in the middle of an answer leaves a *claim* behind, and the `claim` runs out \
after a few seconds. Then:

- another worker takes it over, reads the log up to `position`, and goes on;
- the words that were already written are **not** written twice;
- the reader sees nothing of all this but a short pause.

> A log is the simplest thing that could possibly work, and for once it does.

So the rule is simple: write first, then tell. Whoever listens is told that there is something new, and *reads it from \
the log*. If the message gets lost, nothing is lost but a moment, for the next message tells them of both. This is why \
a page may be closed for an hour and shows exactly the right words again when it is opened.

## What it costs

Mostly disk. A thousand tokens are about four kilobytes of text, some forty events, and ten kilobytes in the log.
"""

CODE = '''You can follow a thread with a few lines of Python:

```python
import asyncio
import httpx

async def follow(thread_id: str, *, after: int = 0) -> None:
    """Print the words of a thread as they are written."""
    url = f"https://example.com/v1/threads/{thread_id}/events"
    async with httpx.AsyncClient(timeout=None) as client:
        async with client.stream("GET", url, params={"after": after}) as stream:
            async for line in stream.aiter_lines():
                if line.startswith("data: "):
                    print(line[6:])  # one event, as JSON

asyncio.run(follow("0192"))
```

The same in JavaScript:

```js
const source = new EventSource(`/v1/threads/${id}/events?after=${position}`);
source.addEventListener("completion.chunk", (event) => {
  const chunk = JSON.parse(event.data);
  if (chunk.text !== undefined) {
    answer.append(chunk.text); // never innerHTML
  }
});
```

Then create the table:

```sql
-- every position once
CREATE TABLE seen (
    position bigint PRIMARY KEY,
    name text NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
SELECT name, count(*) FROM seen GROUP BY name ORDER BY 2 DESC;
```

And run it with `psql -f seen.sql`. The configuration is:

```yaml
name: follower
retry_seconds: 5
topics:
  - completion
  - tool
```

1. Install it first:

   ```bash
   pip install follower  # once
   follower --thread "$THREAD" --after 0
   ```

2. Then watch it work.
'''

TABLE = """Here are the models that were compared on the same task, with the same prompt and the same tools:

| Model | Tokens in | Tokens out | First token | Cost |
|:------|----------:|-----------:|------------:|-----:|
| small and quick | 12,400 | 1,820 | 210 ms | $0.0021 |
| small, thinking | 12,400 | 9,310 | 1,940 ms | $0.0098 |
| **middle** | 12,400 | 2,044 | 480 ms | $0.0312 |
| middle, thinking | 12,400 | 8,120 | 2,610 ms | $0.0894 |
| large | 12,400 | 2,380 | 890 ms | $0.2110 |
| large, thinking | 12,400 | 11,093 | 4,120 ms | $0.7425 |

The **middle** one is the best choice for most people. For the tools the picture is different:

| Tool | Calls | Failed | Slowest | Note |
|------|------:|-------:|--------:|------|
| `search` | 1,204 | 3 | 2.1 s | retried once |
| `fetch` | 822 | 41 | 9.8 s | see [the list](https://example.com/fetch) |
| `run` | 96 | 7 | 58.0 s | needs approval |
| `mail` | 12 | 0 | 1.2 s | needs approval |

Failures of `fetch` are mostly pages that were gone, so there is nothing to repair.
"""

REALISTIC = {"prose": PROSE, "code": CODE, "tables": TABLE}

FRAGMENTS = (
    *"*_`~[]()<>!#-+=|\\&\n\n\n  \t:;.",
    *("word ", "two words", "é", "日本", "**bold**", "*it*", "`code`", "```", "```py\n", "~~~\n", "\n```\n"),
    *("- ", "\n- ", "\n* a", "1. ", "\n2. ", "> ", "\n> ", "# ", "\n## x\n", "---\n", "\n===\n", "    ", "\n   "),
    *("[a](https://b.c/d)", "![i](http://b.c)", "<https://a.b>", "[r]: https://a.b\n", "[r]", "&amp;", "&lt"),
    *("| a | b |\n", "|---|---|\n", "- [ ] do", "~~no~~", "  \n", "\\\n", "\r\n", "\r", "<b>", "<!--", "\x00", "\ud800"),
)  # fmt: skip


def scramble(chance: random.Random) -> str:
    """Up to forty fragments of Markdown in any order."""
    return "".join(chance.choices(FRAGMENTS, k=chance.randrange(1, 40)))


def pieces(text: str, *, chance: random.Random, longest: int = 30) -> list[str]:
    """`text` in pieces of any size."""
    cut: list[str] = []
    while text:
        size = chance.randrange(1, longest)
        cut.append(text[:size])
        text = text[size:]
    return cut


def hostile(size: int) -> dict[str, str]:
    """About `size` characters each of what makes parsers slow."""
    seeds = (
        *("[", "]", ">", "*", "`", "_", "~", "<", "&", "|", "\\", "#", "-", "+", "!", "(", "{", "\n", "\t", " "),
        *("![", "[a](", "[a](b", "[](", "a*", "*a ", "**a", "*a_ ", "a**b ", "~~a", "`a", "``a`", "<a", "<!--", "</"),
        *("&amp;", "&#0;", "&#x", "> ", "- ", "* ", "1. ", ">a\n", "- a\n", "- a\n\n", "  - a\n\n", "1. a\n\n\n", "a\n"),
        *("a\n\n", "```\n", "```py\n", "~~~\n\n", "#\n", "# a\n", "---\n", "a\n===\n", "|a|\n", "| x | y |\n", "\r", "\r\n"),
        *("[a][b]", "[a]: b\n", "<http://a>", "<a@b.c>", "\\[", "a  \n", "    a\n", "é", "\u202e", "\x00", "\ud800", "word "),
    )  # fmt: skip
    texts = {repr(seed): seed * (size // len(seed)) for seed in seeds}
    texts["deep list"] = "".join("  " * depth + "- a\n" for depth in range(200))[:size]
    texts["deep quote"] = "".join("> " * depth + "a\n" for depth in range(200))[:size]
    texts["table"] = "| a | b |\n|---|---|\n" + "| x | y |\n" * (size // 10)
    texts["wide table"] = "|" + "a|" * (size // 4) + "\n|" + "-|" * (size // 4) + "\n"
    texts["open fence"] = "```python\n" + "x = f(1)  # why\n" * (size // 16)
    texts["ticks"] = "".join("`" * n + "a" for n in range(1, 600))[:size]
    return texts
