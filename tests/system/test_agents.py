"""Clients learn from the API which tools the workers' agents have."""

import asyncio

from tests.system.client import Client, Json


async def test_the_workers_tell_their_agents_and_tools(client: Client) -> None:
    async def described() -> Json:
        while True:
            [agent] = (await client.get("/v1/agents"))["items"]
            if agent["tools"] is not None:
                return agent
            await asyncio.sleep(0.05)

    async with asyncio.timeout(20):
        agent = await described()
    assert (agent["name"], agent["default"], agent["model"]) == (
        "assistant",
        True,
        "openai-chat:gpt-5",
    )
    tools = {tool["name"]: tool for tool in agent["tools"]}
    assert set(tools) == {"get_current_time", "get_system_stats", "run_analysis"}
    assert tools["run_analysis"]["effect"] == "idempotent"
    assert tools["get_current_time"]["description"] == "The present date and time."
