"""Signing in and out: keys, links that work once, cookies, and who is let in."""

import re
from uuid import uuid4

import httpx2
import pytest

from application.commands.sessions import sign_in_with_key
from application.keys import Accounts
from tests.interfaces.admin.visitors import FROM_HERE, Visitor, stranger, visiting
from tests.interfaces.http.house import House

ELSEWHERE = [
    {"sec-fetch-site": "cross-site", "origin": "https://evil.invalid"},
    {"sec-fetch-site": "same-site"},
    {"origin": "https://evil.invalid"},
    {"origin": "null"},
    {},
]


async def link_of(person: Visitor) -> str:
    return (await person.api.post("/v1/sign-in-links", {}))["path"]


async def test_a_key_signs_in_and_leads_to_where_one_was_going(house: House) -> None:
    person, browser = await house.person(), stranger(house)
    answer = await browser.get("/_admin/keys?limit=3")
    assert answer.status_code == 303
    where = answer.headers["location"]
    assert where == "/_admin/sign-in?next=/_admin/keys%3Flimit%3D3"
    form = await browser.get(where)
    assert 'value="/_admin/keys?limit=3"' in form.text
    sent = {"key": f" {person.key}\n", "next": "/_admin/keys?limit=3"}
    answer = await browser.post("/_admin/sign-in", data=sent, headers=FROM_HERE)
    assert (answer.status_code, answer.headers["location"]) == (303, "/_admin/keys?limit=3")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("threadlog=tl_")
    assert person.key not in cookie
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))


@pytest.mark.parametrize("place", ["https://evil.invalid/", "//evil.invalid", "/v1/x", "/_adminx"])
async def test_nobody_is_led_elsewhere(house: House, place: str) -> None:
    person = await house.person()
    sent = {"key": person.key, "next": place}
    answer = await stranger(house).post("/_admin/sign-in", data=sent, headers=FROM_HERE)
    assert answer.headers["location"] == "/_admin/chat"


async def test_behind_https_the_cookie_is_for_this_host_alone(house: House) -> None:
    person, browser = await house.person(), stranger(house)
    host = house.address.removeprefix("http://")
    headers = {"origin": f"https://{host}"}
    answer = await browser.post("/_admin/sign-in", data={"key": person.key}, headers=headers)
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-threadlog=")
    assert {"Secure", "Path=/", "HttpOnly"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    shown = {"cookie": cookie.partition(";")[0]}
    assert (await stranger(house).get("/_admin", headers=shown)).headers["location"] == (
        "/_admin/chat"
    )


@pytest.mark.parametrize("key", ["", "nonsense", "tl_" + "A" * 70, "x" * 10_000])
async def test_a_wrong_key_is_told_and_nobody_is_signed_in(house: House, key: str) -> None:
    answer = await stranger(house).post("/_admin/sign-in", data={"key": key}, headers=FROM_HERE)
    assert answer.status_code == 401
    assert "not a key that may be used here" in answer.text
    assert "set-cookie" not in answer.headers


async def test_a_link_signs_in_once(house: House, user: Visitor) -> None:
    link, browser = await link_of(user), stranger(house)
    for _ in range(2):
        asked = await browser.get(link)  # whoever only looks at it does not use it up
        assert asked.status_code == 200
        assert "set-cookie" not in asked.headers
    answer = await browser.post(link, headers=FROM_HERE)
    assert (answer.status_code, answer.headers["location"]) == (303, "/_admin")
    assert (await browser.get("/_admin")).headers["location"] == "/_admin/chat"
    again = await stranger(house).post(link, headers=FROM_HERE)
    assert again.status_code == 410
    assert "used before" in again.text
    assert "set-cookie" not in again.headers


async def test_a_link_ends_with_its_key(house: House, user: Visitor) -> None:
    link = await link_of(user)
    await user.api.http.delete(f"/v1/keys/{user.api.key_id}")
    assert (await stranger(house).post(link, headers=FROM_HERE)).status_code == 410


async def test_no_link_and_no_session_is_a_key(house: House, user: Visitor) -> None:
    link = (await link_of(user)).rpartition("/")[2]
    token = user.browser.cookies["threadlog"]
    for shown in (link, token):
        answer = await house.client(shown).get("/v1/threads")
        assert answer.status_code == 401
    for cookie in (link, user.api.key, "", "x" * 600):
        answer = await stranger(house).get("/_admin", headers={"cookie": f"threadlog={cookie}"})
        assert answer.headers["location"].startswith("/_admin/sign-in")


async def test_who_signs_out_is_out_whatever_a_copy_of_the_cookie_says(
    house: House, user: Visitor
) -> None:
    token = user.browser.cookies["threadlog"]
    answer = await user.send("/_admin/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/_admin/sign-in")
    assert "threadlog" not in user.browser.cookies
    answer = await stranger(house).get("/_admin", headers={"cookie": f"threadlog={token}"})
    assert answer.headers["location"].startswith("/_admin/sign-in")


async def test_a_session_ends_with_its_key(house: House) -> None:
    person = await visiting(house)
    await person.api.http.delete(f"/v1/keys/{person.api.key_id}")
    assert (await person.open("/_admin")).headers["location"].startswith("/_admin/sign-in")


async def test_who_signed_in_elsewhere_is_known_here_at_once(house: House) -> None:
    """Another process issues the session, while this one knows the account already."""
    person = await house.person()
    await person.get("/v1/threads")
    elsewhere = Accounts(house.log)
    session = await sign_in_with_key(house.log, elsewhere, by=person.principal)
    cookie = f"threadlog={session.token}"
    answer = await stranger(house).get("/_admin", headers={"cookie": cookie})
    assert answer.headers["location"] == "/_admin/chat"


@pytest.mark.parametrize("headers", ELSEWHERE)
async def test_what_another_site_sends_does_nothing(
    house: House, user: Visitor, headers: dict[str, str]
) -> None:
    before = await house.last_position()
    answer = await user.browser.post("/_admin/sign-out", headers=headers)
    assert answer.status_code == 403
    assert "another site" in answer.text
    person = await house.person()
    after = await house.last_position()
    answer = await stranger(house).post(
        "/_admin/sign-in", data={"key": person.key}, headers=headers
    )
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert await house.last_position() == after
    assert before < after
    assert (await user.open("/_admin")).headers["location"] == "/_admin/chat"


async def test_who_comes_from_a_link_elsewhere_is_still_signed_in(user: Visitor) -> None:
    """A strict cookie is not shown then: the browser is asked to come again, by itself."""
    headers = {"sec-fetch-site": "cross-site", "cookie": ""}
    answer = await user.browser.get("/_admin/keys", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["refresh"] == "0; url=/_admin/keys"


async def test_for_htmx_there_is_no_redirect_that_it_would_follow(house: House) -> None:
    answer = await stranger(house).get("/_admin/keys", headers={"hx-request": "true"})
    assert (answer.status_code, answer.headers["hx-redirect"]) == (401, "/_admin/sign-in")


async def test_every_page_tells_the_browser_what_it_may_do(user: Visitor, house: House) -> None:
    pages = [
        await user.open(f"/_admin/nothing-{uuid4()}"),
        await stranger(house).get("/_admin/sign-in"),
        await user.open("/_admin/nothing", htmx=True),
    ]
    for answer in pages:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert not re.search(r"<script(?![^>]*\ssrc=)|\sstyle=|\son\w+=|https?://", answer.text)
    assert [one.status_code for one in pages] == [404, 200, 404]


async def test_an_address_that_was_copied_in_part_is_no_page(admin: Visitor) -> None:
    for path in ("operations/completions/0193f2ab-0000-7000", "users/x", "webhooks/1/edit"):
        answer = await admin.open(f"/_admin/{path}")
        assert answer.status_code == 404, path
        assert "There is no such page." in answer.text


async def test_what_a_page_needs_is_served_from_here_and_kept(house: House) -> None:
    browser = stranger(house)
    page = (await browser.get("/_admin/sign-in")).text
    addresses = re.findall(r'(?:href|src)="(/_admin/static/[^"]+)"', page)
    assert len(addresses) > 5
    for address in addresses:
        answer = await browser.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        stale: httpx2.Response = await browser.get(address.partition("?")[0])
        assert stale.headers["cache-control"] == "no-store"
    for name in ("..%2fapp.py", "vendor/htmx.LICENSE", "nothing.css", ""):
        assert (await browser.get(f"/_admin/static/{name}")).status_code == 404


async def test_the_bare_address_leads_to_the_pages(house: House) -> None:
    answer = await stranger(house).get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/_admin")
