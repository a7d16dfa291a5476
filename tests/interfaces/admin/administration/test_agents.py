"""The page of agents: what workers have said of them, and what to do where none has."""

from functools import partial

from application.describing import say
from domain.agent_events import AgentDescription, AgentsDescribed, ToolDescription
from infrastructure.event_log.agents import last_described
from tests.interfaces.admin.administration.html import text
from tests.interfaces.admin.visitors import Visitor
from tests.interfaces.http.house import House

PAY = ToolDescription("pay", "Pays <b>now</b>.", "once", timeout_seconds=5, requires_approval=True)


async def test_agents_are_shown_with_their_models_and_tools(house: House, user: Visitor) -> None:
    described = AgentsDescribed((AgentDescription("support", "openai-chat:gpt-5", (PAY,)),))
    await say(house.log, partial(last_described, house.log.reader), described, by="worker:x")
    html = await user.page("/_admin/agents")
    shown = text(html)
    assert "assistant default" in shown
    assert "No worker has told of its model and tools yet." in shown
    for told in ("openai-chat:gpt-5", "pay", "Yes", "Never repeated"):
        assert told in shown
    assert "Pays &lt;b&gt;now&lt;/b&gt;." in html
