"""A page that somebody watches: what it does and should not do is remembered."""

from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from playwright.async_api import BrowserContext, ConsoleMessage, Dialog, Page, Request

VIOLATIONS = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""
EXPECTED = ("net::ERR_",)  # a page without a network, or whose server is away, says so by itself


@dataclass
class Watched:
    """What the pages of one context have done."""

    origin: str
    errors: list[str] = field(default_factory=list[str])  # of scripts, and what the console says
    dialogs: list[str] = field(default_factory=list[str])
    strange: list[str] = field(default_factory=list[str])  # requests to elsewhere
    asked: list[str] = field(default_factory=list[str])  # all requests

    def forget_errors(self, *containing: str) -> None:
        """Of a test that has made them on purpose."""
        self.errors = [one for one in self.errors if not any(word in one for word in containing)]

    async def watch(self, context: BrowserContext) -> None:
        """From now on, all pages that it has or will have."""
        await context.add_init_script(VIOLATIONS)
        context.on("request", self._note_request)
        context.on("console", self._note_console)
        context.on("weberror", lambda error: self.errors.append(f"error: {error.error}"))
        context.on("dialog", self._note_dialog)

    def _note_request(self, request: Request) -> None:
        self.asked.append(f"{request.method} {request.url}")
        scheme = urlsplit(request.url).scheme
        if scheme not in ("data", "blob", "about") and not request.url.startswith(self.origin):
            self.strange.append(f"{request.method} {request.url}")
        if _has_lost_its_place(request.url):
            self.errors.append(f"lost its place, and asks for everything again: {request.url}")

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not any(
            word in message.text for word in EXPECTED
        ):
            self.errors.append(f"{message.type}: {message.text}")

    async def _note_dialog(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        await dialog.dismiss()


async def violations(page: Page) -> list[str]:
    """What the page's content security policy has stopped since it was loaded."""
    found: list[str] = await page.evaluate("window.violations")
    return found


def _has_lost_its_place(url: str) -> bool:
    """Does a page ask for all again? So it heals, and would hide what has broken."""
    parts = urlsplit(url)
    return parts.path.startswith("/_events/chat/") and not parse_qs(parts.query).get("after")
