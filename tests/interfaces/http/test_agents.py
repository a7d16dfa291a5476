"""Agents over HTTP: their names from the setting, the rest from what workers have said."""

import asyncio
from functools import partial

from application.describing import say
from domain.agent_events import AgentDescription, AgentsDescribed, ToolDescription
from infrastructure.event_log.agents import last_described
from tests.interfaces.http.house import House, Json, Person

PAY = ToolDescription("pay", "Pays.", "once", timeout_seconds=5, requires_approval=True)


def described(model: str, *tools: ToolDescription) -> AgentsDescribed:
    return AgentsDescribed((AgentDescription("support", model, tools),))


async def tell(house: House, agents: AgentsDescribed) -> bool:
    """As a worker does that begins."""
    return await say(house.log, partial(last_described, house.log.reader), agents, by="worker:x")


async def listed(user: Person) -> list[Json]:
    return (await user.get("/v1/agents"))["items"]


async def test_agents_are_listed_by_name_with_the_tools_that_a_worker_knows(
    house: House, user: Person
) -> None:
    await tell(house, described("openai-chat:gpt-5", PAY))
    assistant, support = await listed(user)
    assert assistant == {"name": "assistant", "default": True, "model": None, "tools": None}
    assert (support["name"], support["default"]) == ("support", False)
    assert support["model"] == "openai-chat:gpt-5"
    assert support["tools"] == [
        {
            "name": "pay",
            "description": "Pays.",
            "effect": "once",
            "timeout_seconds": 5.0,
            "requires_approval": True,
        }
    ]
    await tell(house, described("demo"))
    support = (await listed(user))[1]
    assert (support["model"], support["tools"]) == ("demo", [])


async def test_workers_that_know_the_same_say_it_once(house: House) -> None:
    told = await asyncio.gather(*(tell(house, described("one", PAY)) for _ in range(8)))
    assert told.count(True) == 1
    position = await house.last_position()
    assert not await tell(house, described("one", PAY))
    assert await house.last_position() == position
    assert await tell(house, described("two", PAY))
    assert await tell(house, described("one", PAY))
