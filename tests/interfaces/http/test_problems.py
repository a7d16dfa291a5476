"""Errors: every refusal has its status, its type and a sentence, and none tells too much."""

from collections.abc import Iterator

import httpx2
import pytest
from fastapi import FastAPI

from domain.refusals import Refusal
from interfaces.http.app import routes_only
from interfaces.http.problems import STATUS, RequestInvalid, install
from tests.interfaces.http.house import House, Person


@pytest.fixture(autouse=True)
def everything_imported() -> None:
    assert routes_only().routes


def all_refusals(kind: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    """Every refusal of imported modules of ours, but for those of operators' commands."""
    for child in kind.__subclasses__():
        if not child.__module__.startswith(("tests.", "infrastructure.projecting.")):
            yield child
            yield from all_refusals(child)


def test_every_refusal_has_a_status_and_a_sentence() -> None:
    for kind in all_refusals():
        assert kind in STATUS or kind is RequestInvalid, kind
        assert (kind.__doc__ or "").endswith("."), kind


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1", 404), ("POST", "/livez", 405), ("PUT", "/v1/keys", 405)],
)
async def test_what_is_no_route_is_a_problem_too(
    user: Person, method: str, path: str, status: int
) -> None:
    answer = await user.http.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert ("allow" in answer.headers) == (status == 405)


async def test_an_error_that_nobody_foresaw_tells_nothing_of_itself() -> None:
    app = FastAPI()
    install(app)

    @app.get("/")
    async def broken() -> None:  # pyright: ignore[reportUnusedFunction]
        raise ZeroDivisionError("a secret")

    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get("/")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "/problems/internal-error",
        "title": "Something went wrong inside the server.",
        "status": 500,
    }


async def test_nothing_that_is_answered_may_be_kept_or_sniffed(house: House, user: Person) -> None:
    for client, path in ((user.http, "/v1/threads"), (house.client(None), "/v1/threads")):
        answer = await client.get(path)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
