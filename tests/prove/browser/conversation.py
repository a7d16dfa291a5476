"""What a page shows of a conversation: compared between tabs, devices, reloads, and the log."""

import re
from dataclasses import dataclass

from playwright.async_api import Page

SEEN = r"""
() => {
  const whole = document.getElementById("conversation").cloneNode(true);
  for (const one of whole.querySelectorAll("*")) {
    one.classList.forEach((name) => name.startsWith("htmx-") && one.classList.remove(name));
    if (one.getAttribute("class") === "") one.removeAttribute("class");
    if (one.localName === "details") one.removeAttribute("open");  // a person's choice
  }
  whole.normalize();  // text that grew is several nodes, of which one may be but a space
  const walker = document.createTreeWalker(whole, NodeFilter.SHOW_TEXT);
  const blank = [];
  while (walker.nextNode()) {
    const text = walker.currentNode;
    if (!text.parentElement.closest("pre") && !text.data.trim()) blank.push(text);
  }
  blank.forEach((text) => text.remove());
  return {
    html: whole.innerHTML,
    around: ["title", "status", "queue", "actions"].map((id) =>
      `${id}: ${document.getElementById(id)?.innerText.replace(/\s+/g, " ").trim()}`),
    answers: [...document.querySelectorAll("#conversation [id^=answer-]")].map((answer) =>
      [...answer.querySelectorAll("[id^=text-]")].map((text) => text.textContent).join("\n")),
  };
}
"""


@dataclass(frozen=True)
class Seen:
    """The conversation as one page shows it."""

    html: str  # without what htmx and people leave behind
    around: list[str]  # title, status, queue, actions
    answers: list[str]  # their texts


async def seen(page: Page) -> Seen:
    """What it shows now."""
    found = await page.evaluate(SEEN)
    return Seen(**found)


def words(text: str) -> list[str]:
    """As a person reads them, wherever lines end."""
    return re.findall(r"\S+", text)


def difference(one: Seen, other: Seen) -> str:
    """Where the two part; empty when they do not."""
    if one == other:
        return ""
    if one.html == other.html:
        return f"{one.around} {one.answers} != {other.around} {other.answers}"
    parted = next(
        (n for n, (a, b) in enumerate(zip(one.html, other.html, strict=False)) if a != b),
        min(len(one.html), len(other.html)),
    )
    begin = max(0, parted - 200)
    return f"…{one.html[begin : parted + 200]}…\n!=\n…{other.html[begin : parted + 200]}…"
