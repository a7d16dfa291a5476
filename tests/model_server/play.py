"""Plays one script as one HTTP response: pace, faults, errors."""

import asyncio
import json
import time
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from tests.model_server import anthropic, chat, responses
from tests.model_server.exchange import Exchange, Frame, Ledger
from tests.model_server.refusals import error_response
from tests.model_server.script import Script

FRAMES = {"chat": chat.frames, "responses": responses.frames, "anthropic": anthropic.frames}
ERRORS = {"chat": chat.ERROR, "responses": responses.ERROR, "anthropic": anthropic.ERROR}
REQUEST_ID = {"chat": "x-request-id", "responses": "x-request-id", "anthropic": "request-id"}
CUT: Frame = False, b"cut"
SILENCE: Frame = False, b"silence"
TOO_EARLY: Frame = False, b": the end\n\n"
GARBAGE = "event: content_block_delta\ndata: {this is not JSON\n\n"


async def play(script: Script, exchange: Exchange, *, ledger: Ledger, send: Any) -> None:
    await asyncio.sleep(script.delay_seconds)
    headers = {REQUEST_ID[exchange.protocol]: f"req_{exchange.number}", **script.headers}
    if script.fault == "hang up":
        ledger.finish(exchange, "cut")
        send.__self__.transport.abort()  # uvicorn's own, before it has sent anything
        return
    if script.refuse or script.status:
        ledger.finish(exchange, "refused")
        await _refuse(script, exchange, headers=headers, send=send)
        return
    await _send_start(send, 200, headers={"content-type": "text/event-stream", **headers})
    started = time.monotonic()
    frames = _with_fault(script, exchange)
    held = next(frames)
    for following in frames:  # one behind: it has ended before the client can know it
        await _send_frame(held, script, exchange=exchange, started=started, send=send)
        held = following
    if held == CUT:
        ledger.finish(exchange, "cut")
    elif held == SILENCE:
        await asyncio.Event().wait()
    else:
        exchange.counted = script.fault is None or script.fault in ALTERED
        ledger.finish(exchange, "complete")
        await _send_frame(held, script, exchange=exchange, started=started, send=send)
        await send({"type": "http.response.body", "body": b""})


def _with_fault(script: Script, exchange: Exchange) -> Iterator[Frame]:
    """The frames up to the script's fault, then what the fault sends."""
    frames = FRAMES[exchange.protocol](script, exchange)
    if script.fault in ALTERED:
        yield from ALTERED[script.fault](frames)
        return
    if script.fault is None:
        yield from frames
        return
    yield from islice(frames, script.after)
    match script.fault:
        case "cut":
            yield CUT
        case "stall":
            yield SILENCE
        case "garbage":
            yield False, str(script.body or GARBAGE).encode(errors="surrogateescape")
        case "truncate":
            _, whole = next(frames)
            yield False, whole[: len(whole) // 2] + b"\n\n"
        case "error":
            yield False, ERRORS[exchange.protocol]
        case "end":
            yield TOO_EARLY
        case _:
            raise AssertionError(script.fault)


def _doubled(frames: Iterator[Frame]) -> Iterator[Frame]:
    for frame in frames:
        yield frame
        if frame[0]:
            yield frame


def _reordered(frames: Iterator[Frame]) -> Iterator[Frame]:
    """Each two deltas that stand side by side have changed places."""
    for frame in frames:
        if frame[0] and (following := next(frames, None)) is not None:
            yield following if following[0] else frame
            yield frame if following[0] else following
        else:
            yield frame


ALTERED = {"double": _doubled, "reorder": _reordered}


async def _send_frame(
    frame: Frame, script: Script, *, exchange: Exchange, started: float, send: Any
) -> None:
    """When it is due. Others run, and a hang-up is seen, at the latest every 32 deltas."""
    paced, data = frame
    if paced and (script.gap_seconds or exchange.deltas % 32 == 31):
        due = started + exchange.deltas * script.gap_seconds
        await asyncio.sleep(max(0.0, due - time.monotonic()))
    exchange.deltas += paced
    exchange.frames += 1
    await send({"type": "http.response.body", "body": data, "more_body": True})


async def _refuse(
    script: Script, exchange: Exchange, *, headers: Mapping[str, str], send: Any
) -> None:
    status, body = script.status or 500, script.body or {"error": {"message": "on purpose"}}
    if script.refuse:
        status, body = error_response(exchange.protocol, script.refuse, message=script.body)
    await send_json(send, status, body=body, headers=headers)


async def send_json(
    send: Any, status: int, *, body: Any, headers: Mapping[str, str] | None = None
) -> None:
    headers = {"content-type": "application/json", **(headers or {})}
    await _send_start(send, status, headers=headers)
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})


async def _send_start(send: Any, status: int, *, headers: Mapping[str, str]) -> None:
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
