"""What a worker process is made of: its runners, by kind of work, and its sweeper."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from application.agent_names import AgentsSettingInvalid
from application.agents import AgentSpec, load_agents
from application.claims import Claims
from application.describing import describe
from application.engine import ChatEngine
from application.engine_parts import EngineParts
from application.executions.claims import ExecutionClaims
from application.executions.here import HERE, Here
from application.executions.lifecycle import Lifecycle, lifecycle_of
from application.executions.parts import ExecutionParts
from application.model_retries import ModelRetries
from application.models import (
    ModelKeyMissing,
    ProviderNotInstalled,
    UnknownModel,
    close_models,
    resolve_model,
)
from application.warm_up import warm_up
from domain.agent_events import AgentsDescribed
from domain.ids import uuid7
from infrastructure.event_log import RUNTIME, PostgresBlobStore
from infrastructure.event_log.database import Database
from infrastructure.event_log.result_secret import PostgresResultSecret
from infrastructure.read_database import ReadDatabase
from infrastructure.settings import Settings
from infrastructure.worker.open_runs import Kind, OpenRuns
from infrastructure.worker.overdue import Overdue
from infrastructure.worker.runner import Runner
from infrastructure.worker.sweeper import Sweeper
from infrastructure.worker.unheard import Unheard
from infrastructure.worker.work import Answering, BackgroundTools, Work
from interfaces.agents.demo_model import demo_model
from interfaces.bootstrap import Ground
from interfaces.cli.servers import Addresses
from interfaces.processes import CannotStart

DATABASE_SECONDS = 3.0


@dataclass(frozen=True)
class Worker:
    """The parts that run. THREADLOG_WORKER_ONLY says which kinds of work have a runner."""

    id: UUID
    runners: Mapping[Kind, Runner]
    sweeper: Sweeper
    described: AgentsDescribed  # the agents that it knows

    def cancel(self, run: UUID) -> None:
        """Somebody asked to cancel it, of whatever kind it is. Safe to repeat."""
        for runner in self.runners.values():
            runner.cancel(run)


@dataclass(frozen=True)
class _Floor:
    """What all of them stand on."""

    id: UUID
    settings: Settings
    base: Ground
    database: Database
    reads: ReadDatabase
    open_runs: OpenRuns
    agents: Mapping[str, AgentSpec]

    def claims(self) -> Claims:
        return Claims(
            self.base.log,
            turns=self.base.turns,
            worker_id=self.id,
            is_unclaimed=self.open_runs.is_unclaimed,
        )

    def execution_claims(self) -> ExecutionClaims:
        return ExecutionClaims(
            self.base.log,
            turns=self.base.turns,
            worker_id=self.id,
            is_unclaimed=self.open_runs.is_unclaimed,
            seconds_since=self.open_runs.seconds_since,
            find=self._lifecycle,
        )

    def runner(self, work: Work, *, slots: int) -> Runner:
        return Runner(work=work, open_runs=self.open_runs, worker_id=self.id, slots=slots)

    def _lifecycle(self, task: str) -> Lifecycle | None:
        return lifecycle_of(self.base.tools.find_task(task))


@asynccontextmanager
async def worker_parts(
    settings: Settings, addresses: Addresses, base: Ground
) -> AsyncGenerator[Worker]:
    """Made, and not begun. Raises CannotStart for a setting that names nothing.

    The process's tasks are to be begun inside the block: they know by it what is here.
    """
    async with (
        _database(addresses) as database,
        _reads(addresses) as reads,
        AsyncExitStack() as stack,
    ):
        open_runs = OpenRuns(database)
        agents = _agents(settings)
        floor = _Floor(uuid7(), settings, base, database, reads, open_runs, agents)
        runners: dict[Kind, Runner] = {}
        if settings.worker_only != "chat":
            runners["tool"] = _tool_runner(floor)
        if settings.worker_only != "tools":
            engine = await stack.enter_async_context(_engine(floor))
            answering = Answering(claims=floor.claims(), engine=engine)
            runners["completion"] = floor.runner(answering, slots=settings.slots)
        _say_what_is_here(floor, runners.get("tool"))
        described = describe(agents, default_model=settings.model)
        yield Worker(floor.id, runners, _sweeper(floor, runners), described)


def _tool_runner(floor: _Floor) -> Runner:
    parts = ExecutionParts(
        log=floor.base.log,
        turns=floor.base.turns,
        blobs=PostgresBlobStore(floor.database),
        sessions=floor.reads.session,
    )
    work = BackgroundTools(claims=floor.execution_claims(), parts=parts)
    return floor.runner(work, slots=floor.settings.tool_slots)


def _say_what_is_here(floor: _Floor, tools: Runner | None) -> None:
    secret = PostgresResultSecret(floor.database)
    HERE.set(Here(floor.reads.session, secret.read, run=tools.begin if tools else None))


def _sweeper(floor: _Floor, runners: Mapping[Kind, Runner]) -> Sweeper:
    base, open_runs = floor.base, floor.open_runs
    overdue = Overdue(base.log, turns=base.turns, open_runs=open_runs, worker_id=floor.id)
    unheard = Unheard(base.log, threads=base.threads, open_runs=open_runs, worker_id=floor.id)
    return Sweeper(
        open_runs=open_runs,
        runners=runners,
        claims={"completion": floor.claims(), "tool": floor.execution_claims()},
        overdue=overdue,
        unheard=unheard,
        worker_id=floor.id,
    )


@asynccontextmanager
async def _database(addresses: Addresses) -> AsyncGenerator[Database]:
    database = Database(
        addresses.database, role=RUNTIME, connections=3, timeout_seconds=DATABASE_SECONDS
    )
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def _reads(addresses: Addresses) -> AsyncGenerator[ReadDatabase]:
    reads = ReadDatabase(addresses.database)
    try:
        yield reads
    finally:
        await reads.close()


def _agents(settings: Settings) -> Mapping[str, AgentSpec]:
    """Their modules declare the background tools, too."""
    try:
        return load_agents(settings.agents)
    except AgentsSettingInvalid as error:
        raise CannotStart(str(error)) from error


@asynccontextmanager
async def _engine(floor: _Floor) -> AsyncGenerator[ChatEngine]:
    settings, base = floor.settings, floor.base
    resolve = partial(
        resolve_model,
        builtin={"demo": demo_model},
        idle_seconds=settings.idle_timeout_seconds,
    )
    try:
        resolve(settings.model)  # which loads its provider's package, too
    except (UnknownModel, ModelKeyMissing, ProviderNotInstalled) as error:
        raise CannotStart(str(error)) from error
    await warm_up(floor.agents.values())
    parts = EngineParts(
        log=base.log,
        threads=base.threads,
        turns=base.turns,
        blobs=PostgresBlobStore(floor.database),
        agents=floor.agents,
        resolve=resolve,
        default_model=settings.model,
        sessions=floor.reads.session,
        deadline_seconds=settings.run_timeout_seconds,
        answer_characters=settings.answer_characters,
        model_retries=ModelRetries(settings.model_retries),
        keep_requests=settings.keep_requests,
    )
    try:
        yield ChatEngine(parts)
    finally:
        await close_models()
