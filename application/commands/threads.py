"""Commands on a whole thread: start, rename, archive."""

from dataclasses import dataclass, field, replace
from uuid import UUID

from application.commands.completions import CancelCompletion, cancel_completion
from application.commands.context import (
    COMMAND_WAIT_SECONDS,
    Application,
    Principal,
    last_position,
    owned_thread,
    position_of,
)
from application.commands.executions import CancelExecution, cancel_execution
from application.commands.messages import Accepted, NewMessage
from application.ports import EventLog, StreamAppend, StreamConflict
from application.turns import turn_appends
from domain.catalogue import BY_TYPE
from domain.execution_events import ExecutionDispatched
from domain.ids import completion_of
from domain.jsonvalue import JsonObject
from domain.recorded import Recorded
from domain.refusals import AgentNotFound, BodyDiffers, IdIsTaken
from domain.thread import Thread
from domain.thread_events import ThreadEvent, ThreadStarted
from domain.thread_evolution import begin

ARCHIVED = "the thread was archived"


@dataclass(frozen=True)
class StartThread:
    """Begin a conversation, with a first message if there is one."""

    by: Principal
    thread_id: UUID
    agent: str | None = None
    title: str | None = None
    metadata: JsonObject = field(default_factory=dict)
    message: NewMessage | None = None
    request_hash: str | None = None


async def start_thread(app: Application, command: StartThread) -> Accepted:
    """Safe to repeat with the same id and body; raises AgentNotFound, IdIsTaken, BodyDiffers."""
    agent = command.agent or app.default_agent
    if agent not in app.agents:
        raise AgentNotFound
    started = ThreadStarted(
        owner_id=command.by.user_id,
        agent=agent,
        title=command.title,
        metadata=command.metadata,
        request_hash=command.request_hash,
    )
    thread = _before_the_first_append(command.thread_id, started)
    events: list[ThreadEvent] = [started]
    if (message := command.message) is not None:
        events += thread.post(message.id, parts=message.parts, request_hash=message.request_hash)
    try:
        recorded = await app.log.append(
            *turn_appends(thread, events),
            actor=command.by.actor,
            cause=str(command.thread_id),
            wait_seconds=COMMAND_WAIT_SECONDS,
        )
    except StreamConflict:
        return await _repeated(app, command)
    accepted = _accepted(command, position=recorded[-1].position)
    if accepted.completion_id is not None:
        await app.wake_up.completion(accepted.completion_id)
    return accepted


def _before_the_first_append(thread_id: UUID, started: ThreadStarted) -> Thread:
    recorded: Recorded[ThreadEvent] = Recorded(
        started, thread_id, version=1, position=0, at=0, actor=""
    )
    return replace(begin(recorded), version=0)


def _accepted(command: StartThread, *, position: int) -> Accepted:
    if command.message is None:
        return Accepted(command.thread_id, None, None, position)
    completion_id = completion_of(command.thread_id, message_id=command.message.id)
    return Accepted(command.thread_id, command.message.id, completion_id, position)


async def _repeated(app: Application, command: StartThread) -> Accepted:
    thread = await app.threads.find(command.thread_id)
    if thread is None or thread.owner_id != command.by.user_id:
        raise IdIsTaken
    if thread.request_hash != command.request_hash:
        raise BodyDiffers
    position = await position_of(app, thread.id, since=thread.position)
    return _accepted(command, position=position)


@dataclass(frozen=True)
class RenameThread:
    """Give a thread another title."""

    by: Principal
    thread_id: UUID
    title: str


async def rename_thread(app: Application, command: RenameThread) -> int:
    """The position since which it is so; safe to repeat."""
    while True:
        thread = await owned_thread(app, command.thread_id, by=command.by)
        position = await _change(app, thread, thread.rename(command.title), by=command.by)
        if position is not None:
            return position


@dataclass(frozen=True)
class ArchiveThread:
    """Take no more messages; withdraw what waits, cancel what runs, background tools too."""

    by: Principal
    thread_id: UUID


async def archive_thread(app: Application, command: ArchiveThread) -> int:
    """Safe to repeat. The position of the last event that it led to."""
    while True:
        thread = await owned_thread(app, command.thread_id, by=command.by)
        position = await _change(app, thread, thread.archive(), by=command.by)
        if position is not None:
            break
    return max(position, *await _cancel_all(app, thread, by=command.by))


async def _cancel_all(app: Application, thread: Thread, *, by: Principal) -> list[int]:
    """The answer first, which then dispatches no more tools."""
    positions = [0]
    if thread.turn is not None:
        running = thread.turn.completion_id
        cancel = CancelCompletion(by, running, reason=ARCHIVED, tools=False)
        positions.append((await cancel_completion(app, cancel)).position)
    for execution_id in await _open_tools(app.log, thread.id):
        stop = CancelExecution(by, execution_id, reason=ARCHIVED)
        positions.append((await cancel_execution(app, stop)).position)
    return positions


async def _open_tools(log: EventLog, thread_id: UUID) -> list[UUID]:
    open_tools: dict[UUID, None] = {}
    for recorded in await log.read_thread(thread_id):
        if isinstance(recorded.event, ExecutionDispatched):
            open_tools[recorded.stream_id] = None
        elif BY_TYPE[type(recorded.event)].terminal:
            open_tools.pop(recorded.stream_id, None)
    return list(open_tools)


async def _change(
    app: Application, thread: Thread, events: list[ThreadEvent], *, by: Principal
) -> int | None:
    """None: somebody else changed the thread meanwhile, decide again."""
    if not events:
        return await last_position(app.log, thread.id, version=thread.version)
    change = StreamAppend(thread.id, thread.version, events, thread.id, thread.owner_id)
    try:
        recorded = await app.log.append(change, actor=by.actor, wait_seconds=COMMAND_WAIT_SECONDS)
    except StreamConflict:
        return None
    return recorded[-1].position
