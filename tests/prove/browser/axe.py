"""What axe-core finds wrong with a page for people who see, hear or move differently."""

from dataclasses import dataclass

from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Page

RUN = """
async () => {
  const found = await axe.run(document, {resultTypes: ["violations"]});
  return found.violations.flatMap((rule) => rule.nodes.map((node) => ({
    rule: rule.id, impact: rule.impact ?? "minor", where: node.target.join(" "),
    why: [...node.any, ...node.all, ...node.none].map((check) => check.message).join("; "),
  })));
}
"""


@dataclass(frozen=True)
class Finding:
    """One element that breaks one rule."""

    rule: str
    impact: str  # minor, moderate, serious or critical
    where: str
    why: str

    @property
    def is_serious(self) -> bool:
        return self.impact in ("serious", "critical")


async def findings(page: Page) -> list[Finding]:
    """Of the page as it is now."""
    await page.evaluate(AXE_SCRIPT)
    found: list[dict[str, str]] = await page.evaluate(RUN)
    return [Finding(**one) for one in found]
