"""Requests that no browser of good faith sends: they are refused, and cost next to nothing."""

import tracemalloc
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx2
import pytest
from fastapi import APIRouter, FastAPI

from application.ports import OutcomeUnknown
from interfaces.admin.page_route import PageRoute
from interfaces.admin.static_files import static_file_of
from interfaces.http.app import routes_only
from tests.interfaces.admin.visitors import FROM_HERE, HTMX, Visitor, stranger
from tests.interfaces.http.house import House


@pytest.mark.parametrize("name", ["%E2%82%AC", "%ff", "%00", "keys%0a", "%22;url=x"])
async def test_an_address_that_no_header_can_hold_leads_to_itself(house: House, name: str) -> None:
    headers = {"sec-fetch-site": "cross-site"}
    answer = await stranger(house).get(f"/_admin/{name}", headers=headers)
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    place = answer.headers["refresh"].removeprefix("0; url=")
    assert place.startswith("/_admin/")
    assert place.isascii()
    assert place.isprintable()
    again = await stranger(house).get(place)
    assert again.headers["location"].startswith("/_admin/sign-in?next=/_admin/")


async def test_an_origin_that_is_no_address_is_elsewhere(user: Visitor) -> None:
    answer = await user.browser.post("/_admin/sign-out", headers={"origin": "http://["})
    assert answer.status_code == 403


@pytest.mark.parametrize("place", ["http://[", "//[", 'http://h/%e2%82%ac?a="', "nonsense"])
async def test_a_page_of_no_address_is_led_on_like_any_other(
    house: House, user: Visitor, auditor: Visitor, place: str
) -> None:
    path = f"/_admin/chat/{(await user.api.start())['thread_id']}"
    headers = HTMX | {"hx-current-url": place}
    asked = await auditor.browser.get(path, headers=headers)
    assert asked.status_code == 204
    assert asked.headers["hx-redirect"].startswith("/_admin/audit/reason?to=")
    nobody = await stranger(house).get(path, headers=headers)
    assert nobody.status_code == 401
    assert nobody.headers["hx-redirect"].startswith("/_admin/sign-in")


async def test_who_must_sign_in_comes_back_to_the_page_that_asked(house: House) -> None:
    path = f"/_admin/chat/{uuid4()}"
    headers = HTMX | FROM_HERE | {"hx-current-url": f"http://here{path}?first=0"}
    answer = await stranger(house).post(f"{path}/send", headers=headers)
    place = answer.headers["hx-redirect"]
    assert parse_qs(urlsplit(place).query)["next"] == [f"{path}?first=0"]


@pytest.mark.parametrize("place", ["//[", "http://[", "/_admin\\..\\", "\t/_admin"])
async def test_a_place_that_is_no_address_leads_to_the_start(house: House, place: str) -> None:
    person = await house.person()
    sent = {"key": person.key, "next": place}
    answer = await stranger(house).post("/_admin/sign-in", data=sent, headers=FROM_HERE)
    assert (answer.status_code, answer.headers["location"]) == (303, "/_admin/chat")


def test_no_memory_goes_to_files_that_are_not_there() -> None:
    static_file_of("icon.svg")
    tracemalloc.start()
    try:
        for number in range(50):
            assert static_file_of(f"{number:0100000}") is None
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 1_000_000


async def failing(path: str, *, error: Exception) -> httpx2.Response:
    """What a page answers that fails."""
    router = APIRouter(route_class=PageRoute)

    @router.get("/{thread_id}/{token}")
    async def broken(thread_id: str, token: str) -> None:
        raise error

    app = FastAPI()
    app.include_router(router)
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://here") as browser:
        return await browser.get(path)


async def test_an_outcome_that_nobody_knows_is_told_without_the_words_of_programs() -> None:
    answer = await failing("/1/2", error=OutcomeUnknown())
    assert answer.status_code == 503
    assert "nobody knows whether this was done" in answer.text
    assert "append" not in answer.text


async def test_what_the_log_says_of_a_page_that_failed_is_one_line_without_secrets(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert (await failing("/1%0Aforged/secret", error=RuntimeError())).status_code == 500
    [record] = [one for one in caplog.records if one.name == PageRoute.__module__]
    assert record.getMessage() == r"a page failed: broken {'thread_id': '1\nforged'}"
    assert record.exc_info


async def test_strangers_do_not_make_the_server_write_its_contract_again_and_again() -> None:
    app = routes_only()
    write, written = app.openapi, 0

    def counted() -> dict[str, object]:
        nonlocal written
        written += 1
        return write()

    app.openapi = counted
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://here") as browser:
        for _ in range(3):
            assert (await browser.get("/docs")).status_code == 200
    assert written == 1


async def test_a_search_for_what_no_database_holds_finds_nothing(
    house: House, user: Visitor
) -> None:
    await house.projected()
    for words in ("%00", "%00giraffe%00", "%EF%BF%BF", "%5C", "%25_"):
        assert "Nothing has these words." in await user.page(f"/_admin/chat?q={words}giraffe-7"), (
            words
        )
