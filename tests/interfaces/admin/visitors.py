"""People in front of a browser: forms, links, cookies, and what a page says."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import httpx2

from domain.account_events import Role
from tests.interfaces.http.house import House, Person

FROM_HERE = {"sec-fetch-site": "same-origin"}
HTMX = {"hx-request": "true"}


@dataclass(frozen=True)
class Visitor:
    """Somebody who is signed in; `api` is the same person as a client of the API."""

    api: Person
    browser: httpx2.AsyncClient

    @property
    def id(self) -> UUID:
        return self.api.id

    async def open(self, path: str, *, htmx: bool = False) -> httpx2.Response:
        """GET a page, or a part of it; redirects are not followed."""
        return await self.browser.get(path, headers=HTMX if htmx else {})

    async def page(self, path: str, *, htmx: bool = False) -> str:
        """The HTML of a page that opens."""
        answer = await self.open(path, htmx=htmx)
        assert answer.status_code == 200, (answer.status_code, answer.text)
        return answer.text

    async def send(
        self, path: str, form: Mapping[str, object] | None = None, *, htmx: bool = False
    ) -> httpx2.Response:
        """POST a form; redirects are not followed."""
        data = {name: str(value) for name, value in (form or {}).items()}
        headers = FROM_HERE | (HTMX if htmx else {})
        content_type = {"content-type": "application/x-www-form-urlencoded"}
        return await self.browser.post(path, data=data, headers=headers | content_type)


def stranger(house: House) -> httpx2.AsyncClient:
    """A browser in which nobody is signed in."""
    return house.client(None)


async def visiting(house: House, role: Role = "user") -> Visitor:
    """Somebody new, signed in with a key."""
    person = await house.person(role)
    browser = stranger(house)
    answer = await browser.post("/_admin/sign-in", data={"key": person.key}, headers=FROM_HERE)
    assert answer.status_code == 303, answer.text
    return Visitor(person, browser)
