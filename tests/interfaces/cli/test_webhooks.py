"""`threadlog webhooks` over a real API: what is asked for is done, and what is wrong is said."""

import asyncio
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr

from infrastructure.settings import Settings
from infrastructure.webhooks.deliveries import Patience
from infrastructure.webhooks.sender import WebhookSender
from interfaces.cli.commands import _parser  # pyright: ignore[reportPrivateUsage]
from interfaces.cli.webhooks_run import webhooks
from tests.infrastructure.webhooks.desk import running, until
from tests.infrastructure.webhooks.receiver import ERROR, OK, Post, receiving
from tests.interfaces.http.house import House, Person


@dataclass(frozen=True)
class Terminal:
    """Somebody's, at the API of a house."""

    house: House
    person: Person
    capture: pytest.CaptureFixture[str]

    async def run(self, *words: str) -> tuple[int, str, str]:
        """Exit code, output, errors."""
        options = _parser().parse_args(["webhooks", *words])
        place = urlsplit(self.house.address)
        settings = Settings(
            host=place.hostname or "", port=place.port or 0, api_key=SecretStr(self.person.key)
        )
        code = await asyncio.to_thread(webhooks, settings, options)
        captured = self.capture.readouterr()
        return code, captured.out, captured.err

    async def shows(self, *words: str) -> str:
        code, output, errors = await self.run(*words)
        assert (code, errors) == (0, "")
        return output


@pytest.fixture
async def terminal(private_house: House, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(private_house, await private_house.person(), capsys)


async def test_a_webhook_from_its_first_day_to_its_last(terminal: Terminal) -> None:
    healthy = False

    async def answer(_: Post) -> bytes:
        return OK if healthy else ERROR

    async def is_listed(words: str) -> bool:
        return words in await terminal.shows("list")

    sender = WebhookSender(terminal.house.url, private=True, patience=Patience(pauses_seconds=()))
    async with receiving(answer) as receiver, running(sender):
        made = await terminal.shows("add", receiver.url, "--names", "thread.started,thread.renamed")
        [webhook] = re.findall(r"webhook (\S+); its secret, shown once:\nwhsec_\S{44}\n", made)
        code, output, _ = await terminal.run("test", webhook)
        assert (code, output) == (1, "not arrived: HTTP 500\n")
        await terminal.person.start()
        await until(lambda: is_listed("0 pending, 1 dead"))
        [row] = (await terminal.shows("deliveries", webhook, "--state", "dead")).splitlines()
        assert "dead     1 tries  HTTP 500" in row
        healthy = True
        await terminal.shows("retry", webhook)
        await until(lambda: is_listed("0 pending, 0 dead"))
        before = len(receiver.posts)
        await terminal.shows("replay", webhook, "--after", "0")
        await until(lambda: len(receiver.posts) == before + 1)
        assert await terminal.shows("test", webhook) == "arrived: HTTP 204\n"
        assert "whsec_" in await terminal.shows("secret", webhook)
        await terminal.shows("disable", webhook)
        assert await is_listed("disabled (by hand)")
        await terminal.shows("enable", webhook)
        assert await is_listed("enabled")
        await terminal.shows("drop", webhook)
        assert await terminal.shows("list") == ""


async def test_what_the_api_refuses_is_said_with_its_reason(terminal: Terminal) -> None:
    code, output, errors = await terminal.run("add", "ftp://127.0.0.1/")
    assert (code, output) == (1, "")
    assert "body.url: must begin with https:// or http://" in errors
    code, _, errors = await terminal.run("retry", "018f0000-0000-7000-8000-000000000001")
    assert (code, errors) == (1, "threadlog: There is no such webhook.\n")


WRONG: tuple[list[str], ...] = (
    [],
    ["add"],
    ["drop"],
    ["drop", "../keys"],
    ["replay", "018f0000-0000-7000-8000-000000000001"],
    ["replay", "018f0000-0000-7000-8000-000000000001", "--after", "-1"],
    ["deliveries", "018f0000-0000-7000-8000-000000000001", "--state", "alive"],
)


@pytest.mark.parametrize("words", WRONG, ids=str)
def test_what_cannot_be_meant_is_refused(words: list[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        _parser().parse_args(["webhooks", *words])
    assert refused.value.code == 2
