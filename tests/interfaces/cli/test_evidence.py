"""`threadlog evidence`: one line for each request, on a log in PostgreSQL."""

import asyncio
from pathlib import Path

import pytest
from pydantic import SecretStr

from application.evidence import Evidence
from application.models import close_models, resolve_model
from domain.completion_events import ModelRequested
from domain.ids import uuid7
from infrastructure.embedded import EmbeddedPostgres
from infrastructure.settings import Settings
from interfaces.cli.evidence import evidence, line
from tests.application.house import House, Running
from tests.application.provider_cases import agent
from tests.infrastructure.event_log.databases import LogDatabase, empty_log
from tests.interfaces.cli.kept import keep
from tests.model_server import ModelServer, as_provider, ask

NAME = "openai-responses:gpt-5"


@pytest.fixture
async def log(postgres: EmbeddedPostgres) -> LogDatabase:
    return await empty_log(postgres)


async def answered(provider: ModelServer) -> Running:
    with as_provider(provider.url):
        house = House(resolve_model(NAME), spec=agent(NAME))
        running = await house.answer(ask(words=2, calls=[["look", {"q": "x"}]]))
        await close_models()
    return running


def settings(log: LogDatabase, folder: Path) -> Settings:
    return Settings(
        database_url=SecretStr(log.url), redis_url=SecretStr("redis://nowhere"), data_dir=folder
    )


async def test_every_request_is_written_again_and_compared(
    log: LogDatabase, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    with ModelServer() as provider:
        running = await answered(provider)
    await keep(running, log)
    code = await asyncio.to_thread(
        evidence, settings(log, tmp_path), completion_id=running.completion.id, body=True
    )
    printed = capsys.readouterr().out.splitlines()
    assert [len(told.split()) for told in printed[::2]] == [7, 7]
    assert [told.split()[1:4] for told in printed[::2]] == [["1", "1", NAME], ["1", "2", NAME]]
    assert all(told.endswith(" equal") for told in printed[::2])
    assert [body.encode() for body in printed[1::2]] == [one.body for one in provider.exchanges]
    assert code == 0


async def test_a_difference_is_told_and_is_an_exit_code(
    log: LogDatabase, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    with ModelServer() as provider:
        running = await answered(provider)
    running.house.blobs.kept.clear()
    await keep(running, log)
    code = await asyncio.to_thread(
        evidence, settings(log, tmp_path), completion_id=running.completion.id, body=False
    )
    first, second = capsys.readouterr().out.splitlines()
    assert "not rebuilt (CannotRebuild: the blob" in first
    assert "not rebuilt" in second
    assert code == 1


async def test_a_completion_that_does_not_exist_is_named(
    log: LogDatabase, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    unknown = uuid7()
    code = await asyncio.to_thread(
        evidence, settings(log, tmp_path), completion_id=unknown, body=False
    )
    assert str(unknown) in capsys.readouterr().err
    assert code == 1


def test_another_version_of_the_sdk_is_the_likely_reason() -> None:
    asked = ModelRequested(1, 2, "gpt-5", {}, None, None, (), "pydantic-ai-slim 1.0", "ab", NAME)
    told = line(Evidence(7, asked, body=b"{}"))
    assert told.startswith(f"7 1 2 {NAME} ab ")
    assert "differs (it was written by pydantic-ai-slim 1.0, this is pydantic-ai-slim " in told
