"""A thread streamed again as it went out, at the times of its log, in the provider's pieces."""

from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response

from infrastructure.audit.log import LiveLog
from infrastructure.audit.replay import Replay, stretch_of
from infrastructure.relay.subject import ThreadEvents
from interfaces.http.audit import From, To, open_thread
from interfaces.http.audit_reading import LongAnswer, Reading
from interfaces.http.audit_reason import Reason
from interfaces.http.authentication import Caller, shown_key, still_permitted
from interfaces.http.cursor import position_of, read_cursor
from interfaces.http.in_time import TimelyRoute
from interfaces.http.problems import FieldError, RequestInvalid
from interfaces.http.resources import Here

router = APIRouter(prefix="/audit", tags=["audit"], route_class=TimelyRoute)

LONGEST_PAUSE = 3_000_000  # microseconds, while no answer is under way
SECOND = 1_000_000
SLOWEST, FASTEST = 0.1, 100.0
BEGIN = b": threadlog\nretry: 1000\n\n"
END = b"event: end\ndata: {}\n\n"
SILENCE = b":\n\n"
DESCRIBED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Server-Sent Events as of /v1/threads/{thread_id}/events; at last `end`.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    },
    204: {"description": "There is nothing after the `Last-Event-ID`."},
}


@router.get("/threads/{thread_id}/replay", response_class=Response, responses=DESCRIBED)
async def audit_replay(  # noqa: PLR0917  # all by name: they are the request's parameters
    request: Request,
    here: Here,
    by: Caller,
    reason: Reason,
    thread_id: UUID,
    begin: From = None,
    end: To = None,
    speed: Annotated[str, Query(description="0.1 to 100, or max")] = "1",
    pauses: Annotated[bool, Query(description="leave pauses between turns as they were")] = False,
    last_event_id: Annotated[list[str] | None, Header()] = None,
) -> Response:
    """The thread's public events again, each chunk in the provider's own pieces and times."""
    factor = _speed(speed)
    cursor = read_cursor(last_event_id or ())
    first = await open_thread(here, thread_id, request=request, by=by, reason=reason)
    after = await position_of(cursor, subject=ThreadEvents(thread_id), log=here.reader)
    log = LiveLog(here.reader)
    stretch = await stretch_of(log, first, begin=begin, end=end, after=after)
    replay = partial(
        Replay,
        log,
        thread_id,
        stretch=stretch,
        longest_pause=None if pauses else LONGEST_PAUSE,
    )
    if after and not await _has_more(replay()):
        return Response(status_code=204)
    key = shown_key(request)
    return LongAnswer(
        partial(play, replay=replay(), speed=factor),
        place=here.streams.place(by.user_id),
        media_type="text/event-stream",
        is_allowed=lambda: still_permitted(here, key=key, by=by),
        leaving=here.leaving,
        silence=lambda: SILENCE,
    )


async def play(reading: Reading, *, replay: Replay, speed: float | None) -> None:
    """Each frame at its time, counted from the first; all at once without a speed."""
    await reading.write(BEGIN)
    blocks: list[bytes] = []
    began: float | None = None  # where the replay's own clock stands at 0
    while not replay.is_over:
        for frame in await reading.patiently(replay.page):
            if speed is not None:
                after = frame.due.after / SECOND / speed
                began = reading.clock() - after if began is None else began
                if began + after > reading.clock():
                    await _flush(reading, blocks)
                    await reading.wait_until(began + after)
            blocks.append(frame.block())
        await _flush(reading, blocks)
    await reading.write(END)


async def _flush(reading: Reading, blocks: list[bytes]) -> None:
    if blocks:
        body = b"".join(blocks)
        blocks.clear()
        await reading.write(body)


async def _has_more(replay: Replay) -> bool:
    while not replay.is_over:
        if await replay.page():
            return True
    return False


def _speed(text: str) -> float | None:
    """None: as fast as it can be read. Raises RequestInvalid."""
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not SLOWEST <= speed <= FASTEST:
        message = f"Input should be a number from {SLOWEST:g} to {FASTEST:g}, or max"
        raise RequestInvalid([FieldError(loc=["query", "speed"], msg=message)])
    return speed
