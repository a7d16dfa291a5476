"""What a provider is sent of tools' results: bounded text in valid pairs, and it can be proved."""

import json
from typing import Any, cast

import pytest

from application.agents import AgentSpec
from application.evidence import evidence_of
from application.models import resolve_model
from application.tool_results import ToolResultBase, completed, not_found_error, pending
from application.tools import tool
from domain.completion_events import ToolReturned
from tests.application.house import House
from tests.model_server import ModelServer, ask, without_provider
from tests.model_server.client import MODELS

LONG = "ü" * 4_000_000
CALLS: list[Any] = [["read", {}], ["start", {}], ["miss", {}], ["crash", {}]]


@tool(effect="none")
async def read() -> ToolResultBase:
    return completed(LONG, "A long text for people")


@tool
async def start() -> ToolResultBase:
    return pending("Analysis started", ref_type="analysis", ref_id="7")


@tool
async def miss() -> ToolResultBase:
    return not_found_error("There is no order 7")


@tool
async def crash() -> str:
    raise LookupError("the secret of our own code")


@pytest.fixture(params=MODELS)
async def house(request: pytest.FixtureRequest, server: ModelServer) -> House:
    name = MODELS[request.param]
    spec = AgentSpec(model=name, tools=[read, start, miss, crash])
    return House(resolve_model(name), spec=spec)


def texts(value: Any) -> list[str]:
    """All text of a request's body."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return texts(list(cast("dict[str, Any]", value).values()))
    if isinstance(value, list):
        return [text for one in cast("list[Any]", value) for text in texts(one)]
    return []


async def test_the_provider_reads_what_the_log_says_that_the_model_reads(
    house: House, server: ModelServer
):
    first = await house.answer(ask("Do it.", words=3, calls=CALLS))
    again = await house.answer(ask("And now?", words=2), thread_id=first.thread_id)
    assert [first.said.text, again.said.text] == [
        "w0 w1 w2 ",
        "w0 w1 ",
    ]  # it refuses what is not valid
    outcomes = {one.tool: one.outcome for one in first.of(ToolReturned)}
    assert outcomes == {"read": "completed", "start": "pending", "miss": "error", "crash": "failed"}
    for exchange in server.exchanges[-2:]:
        assert len(exchange.body) < 60_000
        told = texts(json.loads(exchange.body))
        for returned in first.of(ToolReturned):
            assert any(returned.content in text for text in told)
        for hidden in (b"for people", b"secret", b"ref_id", b"sha256"):
            assert hidden not in exchange.body


async def test_what_was_sent_can_be_rebuilt_from_the_log(house: House, server: ModelServer):
    first = await house.answer(ask("Do it.", words=3, calls=CALLS))
    again = await house.answer(ask("And now?", words=2), thread_id=first.thread_id)
    with without_provider():
        found = [
            evidence
            for running in (first, again)
            for evidence in await evidence_of(house.log, house.blobs, running.completion.id)
        ]
    assert [one.why_not for one in found] == ["", "", ""]
    assert [one.body for one in found] == [e.body for e in server.exchanges[-3:]]
    assert all(one.equal for one in found)
