"""The browser: the system's Chromium, installed where that is possible, and never downloaded."""

import os
import shutil
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, async_playwright

from tests.faults.missing import ToolIsMissing

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGE = "chromium"
INSTALL_SECONDS = 600


def find_chromium() -> str:
    """The path of a Chromium. Raises ToolIsMissing, which names the package, where there is none.

    As root on Debian the package is installed when it is missing.
    """
    if (found := _found()) is None and os.geteuid() == 0 and shutil.which("apt-get"):
        _install()
        found = _found()
    if found is None:
        raise ToolIsMissing(
            f"there is no Chromium; on Debian: apt-get install {PACKAGE}; elsewhere one of these "
            f"on the PATH: {', '.join(NAMES)}"
        )
    return found


def _found() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def _install() -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update", "-q"], ["install", "-qy", "--no-install-recommends", PACKAGE]):
        command = ["apt-get", *words]
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            env=environment,
            timeout=INSTALL_SECONDS,
        )
        if done.returncode:
            raise ToolIsMissing(
                f"there is no Chromium, and “{' '.join(command)}” failed: {done.stderr.strip()}"
            )


@asynccontextmanager
async def chromium() -> AsyncGenerator[Browser]:
    """One browser without a window. Its sandbox needs an account that is not root."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=find_chromium(),
            chromium_sandbox=os.geteuid() != 0,
            args=["--disable-dev-shm-usage"],  # containers give it 64 MB
        )
        try:
            yield browser
        finally:
            await browser.close()
