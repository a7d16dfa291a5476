"""The tool that counts what a user has."""

import logging
from collections.abc import AsyncGenerator
from typing import cast
from uuid import UUID, uuid4

import pytest
from pydantic_ai import RunContext
from pydantic_ai.models.test import TestModel
from pydantic_ai.usage import RunUsage

from application.agents import AgentDeps
from application.journal import Journal
from domain.completion_events import CompletionCancelled
from domain.execution_events import ExecutionDispatched
from infrastructure.embedded import EmbeddedPostgres
from interfaces.agents.stats import SystemStats, get_system_stats
from tests.projections.story import Log, Story, answer
from tests.projections.tables import Tables, tables_in


@pytest.fixture
async def tables(postgres: EmbeddedPostgres) -> AsyncGenerator[Tables]:
    async with tables_in(postgres) as tables:
        yield tables


async def count(tables: Tables, user_id: UUID) -> tuple[SystemStats, str | None]:
    """What the tool tells the model, and people."""
    async with tables.reading.session() as session:
        deps = AgentDeps(
            session=session,
            get_session=tables.reading.session,
            logger=logging.getLogger(__name__),
            user_id=user_id,
            thread_id=uuid4(),
            completion_id=uuid4(),
            journal=cast("Journal", None),
        )
        ctx = RunContext(deps=deps, model=TestModel(), usage=RunUsage())
        result = await get_system_stats(ctx)
    return SystemStats.model_validate_json(result.text), result.message


async def test_the_user_s_own_threads_messages_and_answers_are_counted(tables: Tables):
    log, user_id = Log(), uuid4()
    for _ in range(2):
        story = Story(log, owner=user_id).start()
        _, completion = story.ask("Hello")
        story.answer(completion, "Hi")
        _, cancelled = story.ask("And?")
        story.claim(cancelled)
        story.stream(cancelled, CompletionCancelled(1, answer()))
        story.stream(uuid4(), ExecutionDispatched(completion, "c1", "run", "task", {}))
    stranger = Story(log).start()
    _, completion = stranger.ask("Mine")
    stranger.answer(completion, "Yes")
    await tables.apply(log.events)
    assert await count(tables, user_id) == (
        SystemStats(
            threads=2,
            messages=6,
            completions={"cancelled": 2, "completed": 2},
            tool_executions={"pending": 2},
        ),
        "2 threads, 6 messages",
    )


async def test_who_has_nothing_is_told_so(tables: Tables):
    stats, message = await count(tables, uuid4())
    assert stats == SystemStats(threads=0, messages=0, completions={}, tool_executions={})
    assert message == "0 threads, 0 messages"
