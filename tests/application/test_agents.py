"""Agents: how a module declares them, how a setting names them, what pydantic-ai makes of them."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai import RunContext
from pydantic_ai.messages import ModelMessage, UserPromptPart
from pydantic_ai.models.function import AgentInfo, DeltaToolCall

from application.agent_names import AgentsSettingInvalid, agent_names
from application.agents import AgentDeps, AgentSpec, build_agent, load_agents
from domain.completion_events import ToolReturned
from interfaces.agents.assistant import assistant
from tests.application.house import House

ASSISTANT = "interfaces.agents.assistant:assistant"


async def build_system_prompt(ctx: RunContext[AgentDeps]) -> str:
    return f"You help {ctx.deps.user_id}."


async def get_weather(ctx: RunContext[AgentDeps], city: str) -> str:
    """The weather in a city."""
    return f"rain in {city}"


def get_my_agent_spec() -> AgentSpec:
    return AgentSpec(
        model="claude-sonnet-5",
        system_prompt_builder=build_system_prompt,
        tools=[get_weather],
    )


not_an_agent = "nothing"
sales_agent = AgentSpec()


@pytest.mark.parametrize(
    ("attribute", "name"),
    [
        ("assistant", "assistant"),
        ("get_my_agent_spec", "my"),
        ("get_support_spec", "support"),
        ("support_agent_spec", "support"),
        ("sales_agent", "sales_agent"),
        ("get_agent_spec", "agent"),
    ],
)
def test_an_agent_is_called_by_its_attribute_without_the_words_around_it(attribute: str, name: str):
    assert agent_names(f"some.module:{attribute}") == [name]


def test_names_are_read_in_order_and_without_importing_anything():
    names = "from application.agent_names import agent_names; import sys; "
    setting = f"{ASSISTANT}, no.such.module:get_support_agent_spec"
    program = f"{names}print(agent_names({setting!r}), 'pydantic_ai' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "['assistant', 'support'] False\n"


def test_agents_are_loaded_from_specs_and_from_functions_that_make_them():
    agents = load_agents(f"{ASSISTANT},{__name__}:get_my_agent_spec")
    assert list(agents) == ["assistant", "my"]
    assert agents["assistant"] is assistant
    assert agents["my"].model == "claude-sonnet-5"


@pytest.mark.parametrize(
    ("setting", "complaint"),
    [
        ("", "empty"),
        (" , ", "empty"),
        ("assistant", "'assistant' is not of the form module:name"),
        ("a:b:c", "'a:b:c' is not of the form module:name"),
        ("a.:b", "not of the form"),
        ("my-module:agent", "not of the form"),
        ("a:support,b:get_support_spec", "two agents are called 'support'"),
        ("no.such.module:agent", "there is no module no.such.module"),
        ("application.nowhere:agent", "there is no module application.nowhere"),
        ("application.agents:nobody", "application.agents has no nobody"),
        (f"{__name__}:not_an_agent", "is neither an AgentSpec nor a function"),
    ],
)
def test_a_bad_setting_says_what_is_wrong_with_it(setting: str, complaint: str):
    with pytest.raises(AgentsSettingInvalid, match=r"^THREADLOG_AGENTS: ") as refused:
        load_agents(setting)
    assert complaint in str(refused.value)


def test_a_module_that_an_agent_s_module_misses_is_named_itself(
    tmp_path: Path, request: pytest.FixtureRequest
):
    (tmp_path / "broken_agent.py").write_text("import surely_not_installed\n")
    sys.path.insert(0, str(tmp_path))
    request.addfinalizer(lambda: sys.path.remove(str(tmp_path)))
    with pytest.raises(ModuleNotFoundError, match="surely_not_installed"):
        load_agents("broken_agent:agent")


def test_an_agent_is_built_once():
    spec = get_my_agent_spec()
    assert build_agent(spec) is build_agent(spec)
    assert build_agent(spec) is not build_agent(get_my_agent_spec())


async def test_the_system_prompt_is_built_once_for_each_completion():
    built: list[str] = []

    async def prompt(ctx: RunContext[AgentDeps]) -> str:
        built.append(str(ctx.deps.completion_id))
        return f"prompt {len(built)}"

    async def model(messages: list[ModelMessage], _info: AgentInfo) -> AsyncIterator[Any]:
        asked = any(isinstance(part, UserPromptPart) for part in messages[-1].parts)
        yield {0: DeltaToolCall("get_weather", '{"city": "Kiel"}')} if asked else "Wet."

    spec = AgentSpec(system_prompt_builder=prompt, tools=[get_weather])
    house = House(model, spec=spec)
    first = await house.answer()
    second = await house.answer(thread_id=first.thread_id)
    assert first.names.count("model_requested") == 2
    assert built == [str(first.completion.id), str(second.completion.id)]


async def test_the_assistant_is_told_what_it_is_and_can_ask_for_the_time():
    async def model(messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[Any]:
        assert info.instructions is not None
        assert info.instructions.startswith("You are a helpful assistant.")
        zones = [{}, {"time_zone": "Asia/Tokyo"}, {"time_zone": "Nowhere/Land"}]
        if len(messages) > 1:
            yield "It is late."
            return
        for number, arguments in enumerate(zones):
            yield {number: DeltaToolCall("get_current_time", json.dumps(arguments))}

    running = await House(model, spec=assistant).answer()
    told = {returned.content[-3:]: returned for returned in running.of(ToolReturned)}
    assert str(datetime.now(UTC).year) in told["UTC"].content
    assert told["JST"].outcome == "completed"
    (nowhere,) = [returned for returned in told.values() if returned.outcome == "error"]
    assert "IANA" in nowhere.content
    assert running.said.text == "It is late."
