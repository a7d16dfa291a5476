"""`python -m tests.prove.browser.pictures [FOLDER]`: what each page looks like.

Without a folder the pictures of the documentation are made again, in docs/images; with one, those
of every page, light and dark, wide and narrow, for looking at them.
"""

import asyncio
import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path

from playwright.async_api import ViewportSize

from tests.prove.browser.chromium import chromium
from tests.prove.browser.person import Person, Scheme, arriving
from tests.prove.browser.site import running
from tests.prove.browser.tour import ALL, Stop, Who, lively

IMAGES = Path(__file__).parents[3] / "docs" / "images"
SIZES: dict[str, ViewportSize] = {
    "wide": {"width": 1280, "height": 800},
    "narrow": {"width": 390, "height": 800},
}
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
WHOLE = ("conversation", "operations", "timeline", "time-machine")  # in all four ways
HALF = ("conversations", "approval", "users", "keys")
HALVES = (("light", "wide"), ("dark", "narrow"))
DRAWN_SECONDS = 0.5


def main(arguments: Sequence[str]) -> int:
    """Exit code 0."""
    folder = Path(arguments[0]) if arguments else IMAGES
    folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(_take(folder, everything=bool(arguments)))
    return 0


async def _take(folder: Path, *, everything: bool) -> None:
    async with running() as site, chromium() as browser:
        async with arriving(browser, site.url) as person:
            house = await lively(site, person)
        for scheme, (size, viewport) in product(SCHEMES, SIZES.items()):
            stops = [one for one in ALL if everything or _is_kept(one, scheme, size)]
            everybody: set[Who] = {stop.who for stop in stops}
            for who in everybody:
                async with arriving(
                    browser, site.url, color_scheme=scheme, viewport=viewport
                ) as person:
                    await house.bring_in(person, who, site=site)
                    for stop in stops:
                        if stop.who == who:
                            path = folder / f"{stop.name}-{scheme}-{size}.png"
                            await _picture(person, house.path(stop), path)


def _is_kept(stop: Stop, scheme: str, size: str) -> bool:
    return stop.name in WHOLE or (stop.name in HALF and (scheme, size) in HALVES)


async def _picture(person: Person, path: str, file: Path) -> None:
    answer = await person.page.goto(f"{person.origin}{path}")
    assert answer is not None
    assert answer.status < 500, f"{path}: {answer.status}"
    await person.page.evaluate("scrollTo(0, 0)")
    await asyncio.sleep(DRAWN_SECONDS)
    data = await person.page.screenshot(path=file, animations="disabled")
    print(f"{len(data) / 1000:6.0f} kB  {file}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
