"""Answers in time, whatever a database does that hangs."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from fastapi import Request, Response
from fastapi.routing import APIRoute

from interfaces.http.refusals import AnswerTookTooLong

READ_SECONDS = 2.9

T = TypeVar("T")


async def within(seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """Its result. Raises TimeoutError at once: a driver that is cancelled may take its time."""
    task = asyncio.create_task(work)
    task.add_done_callback(_look_at)
    try:
        done, _ = await asyncio.wait({task}, timeout=seconds)
    finally:
        task.cancel()
    if not done:
        raise TimeoutError
    return task.result()


class TimelyRoute(APIRoute):
    """A GET is answered within three seconds; commands have their own clock, see `application`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Raises AnswerTookTooLong."""
        answer = super().get_route_handler()
        if "GET" not in (self.methods or ()):
            return answer

        async def timely(request: Request) -> Response:
            try:
                return await within(READ_SECONDS, answer(request))
            except TimeoutError:
                raise AnswerTookTooLong from None

        return timely


def _look_at(task: asyncio.Task[Any]) -> None:
    """Nobody else may be left who would hear of its error."""
    if not task.cancelled():
        task.exception()
