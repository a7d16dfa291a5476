"""Every page for everybody: nobody, each role, and ids that are nobody's."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

import httpx2
import pytest
from fastapi.routing import iter_route_contexts

from domain.account_events import Role
from interfaces.admin.access import ALLOWED, PUBLIC
from interfaces.http.app import routes_only
from tests.interfaces.admin.visitors import FROM_HERE, stranger, visiting
from tests.interfaces.http.house import House

ROLES: tuple[Role, ...] = ("user", "auditor", "analyst", "admin")
STREAM = {"accept": "text/event-stream"}
JSON = {"completion_status", "open_tools"}


@dataclass(frozen=True)
class Page:
    """One page and one way to ask for it."""

    name: str
    method: str
    path: str

    @property
    def is_stream(self) -> bool:
        return self.path.startswith("/_events")

    @property
    def is_for_programs(self) -> bool:
        return self.is_stream or self.name in JSON

    async def by(self, browser: httpx2.AsyncClient, **headers: str) -> httpx2.Response:
        """An answer that ends: nobody's thread has no stream."""
        form = {"content-type": "application/x-www-form-urlencoded"} if self.is_form else {}
        accept = STREAM if self.is_stream else {}
        return await browser.request(
            self.method, self.path, headers=FROM_HERE | form | accept | headers
        )

    @property
    def is_form(self) -> bool:
        return self.method == "POST"


def pages() -> Iterator[Page]:
    """All of them, with ids that are nobody's."""
    for context in iter_route_contexts(routes_only().routes):
        path = context.path or ""
        if path.startswith(("/_admin", "/_events")):
            for method in context.methods or ():
                yield Page(context.name or "", method, _filled(path))


def _filled(path: str) -> str:
    parts = path.split("/")
    return "/".join(_value(part) if part.startswith("{") else part for part in parts)


def _value(part: str) -> str:
    name = part.strip("{}").partition(":")[0]
    return str(uuid4()) if name.endswith("id") else "1"


GUARDED = [page for page in pages() if page.name not in PUBLIC]


def test_every_page_is_in_the_table_and_nothing_else_is() -> None:
    known = PUBLIC | frozenset[str]().union(*ALLOWED.values())
    assert {page.name for page in pages()} == known


def test_no_two_pages_have_one_name() -> None:
    names = [page.name for page in pages()]
    assert sorted(names) == sorted(set(names))


async def test_a_stranger_is_led_to_the_sign_in_page_and_changes_nothing(house: House) -> None:
    before, browser = await house.last_position(), stranger(house)
    for page in GUARDED:
        answer = await page.by(browser)
        if page.is_for_programs:
            assert answer.status_code == 401, page
        else:
            assert answer.status_code == 303, (page, answer.text)
            assert answer.headers["location"].startswith("/_admin/sign-in"), page
        assert not answer.text or answer.text.startswith('{"type":"/problems/not-signed-in"'), page
    assert await house.last_position() == before


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_sees_its_own_pages_and_no_other(house: House, role: Role) -> None:
    person = await visiting(house, role)
    before = await house.last_position()
    refused = [page for page in GUARDED if page.name not in ALLOWED[role]]
    for page in refused:
        answer = await page.by(person.browser)
        assert answer.status_code == 403, (page, answer.status_code)
    assert await house.last_position() == before


@pytest.mark.parametrize("role", ROLES)
async def test_nobodys_ids_and_empty_forms_break_nothing(house: House, role: Role) -> None:
    person = await visiting(house, role)
    mine = [page for page in GUARDED if page.name in ALLOWED[role] and page.name != "sign_out"]
    async with asyncio.timeout(60):
        for page in mine:
            answer = await page.by(person.browser)
            assert answer.status_code < 500, (page, answer.status_code, answer.text[:500])


async def test_what_is_sent_from_elsewhere_changes_nothing(house: House) -> None:
    person = await visiting(house, "admin")
    before = await house.last_position()
    for page in GUARDED:
        if page.is_form and page.name in ALLOWED["admin"]:
            answer = await page.by(person.browser, **{"sec-fetch-site": "cross-site"})
            assert answer.status_code == 403, page
    assert await house.last_position() == before
