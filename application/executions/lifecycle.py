"""The decorator that makes of an async function a background tool's task."""

import inspect
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec, TypeAlias, TypeVar, cast
from uuid import UUID

from application.executions.arguments import Arguments
from application.executions.here import HERE, NoWorkerHere
from application.executions.tool_execution import ToolExecution
from domain.ids import uuid7

logger = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

Function: TypeAlias = Callable[Concatenate[ToolExecution, P], Coroutine[Any, Any, R]]
Task: TypeAlias = Callable[Concatenate[UUID | None, ...], Coroutine[Any, Any, R | None]]

_MARK = "__threadlog_lifecycle__"  # TaskIQ's decorator hands attributes on


@dataclass(frozen=True, eq=False)
class Lifecycle:
    """How a task is run: its function, and its bounds."""

    function: Callable[..., Coroutine[Any, Any, object]]
    arguments: Arguments
    timeout_seconds: int  # for all attempts together, from the first one's beginning
    retries: int  # how often it may be begun again


def with_async_tool_lifecycle(
    *, timeout_seconds: int = 300, retries: int = 0
) -> Callable[[Function[P, R]], Task[R]]:
    """Stands between TaskIQ's decorator and the function, whose first parameter is the execution.

    Called with an execution's id in a tools worker, the task is claimed, run within
    `timeout_seconds`, begun again up to `retries` times after an exception or a lost worker, and
    its end is an event. Called with None, anywhere, it is the plain function, for its own result.
    """
    if timeout_seconds <= 0 or retries < 0:
        raise ValueError("timeout_seconds must be above 0 and retries not below it")

    def decorate(function: Function[P, R]) -> Task[R]:
        if not inspect.iscoroutinefunction(function):
            raise TypeError(f"{function.__name__} must be declared with `async def`")
        arguments = Arguments(function)
        plain = cast("Callable[..., Coroutine[Any, Any, R]]", function)

        # Its signature is all that TaskIQ shall know: a task's arguments are checked by us.
        async def task(execution_id: UUID | None, **given: Any) -> R | None:
            if execution_id is None:
                return await plain(_standalone(), **arguments.check(given))
            await _run(execution_id)
            return None

        task.__module__, task.__doc__ = function.__module__, function.__doc__
        task.__name__, task.__qualname__ = function.__name__, function.__qualname__
        setattr(task, _MARK, Lifecycle(plain, arguments, timeout_seconds, retries))
        return task

    return decorate


def lifecycle_of(task: object) -> Lifecycle | None:
    """What the decorator was told, of a function or of TaskIQ's task around it."""
    found = getattr(task, _MARK, None)
    return found if isinstance(found, Lifecycle) else None


async def _run(execution_id: UUID | str) -> None:
    here = HERE.get()
    if here is None or here.run is None:
        raise NoWorkerHere
    await here.run(UUID(str(execution_id)))


def _standalone() -> ToolExecution:
    here = HERE.get()
    return ToolExecution(
        id=uuid7(),
        attempt=1,
        logger=logger,
        sessions=_no_sessions if here is None else here.sessions,
        report=lambda fraction, message: logger.info("%.0f %% %s", 100 * fraction, message or ""),
    )


def _no_sessions() -> Any:
    raise NoWorkerHere
