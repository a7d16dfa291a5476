"""Everything that a request needs happens on the event loop: a hop to a thread costs more."""

import threading

from tests.interfaces.http.house import Person

SSE = {"accept": "text/event-stream"}


def pool() -> set[threading.Thread]:
    """The threads in which FastAPI runs what is not `async`."""
    return {one for one in threading.enumerate() if "AnyIO" in one.name}


async def test_no_request_goes_through_a_pool_of_threads(user: Person) -> None:
    before = pool()
    started = await user.start("Hello")
    thread = f"/v1/threads/{started['thread_id']}"
    for path in ("/v1/threads", "/v1/keys", "/v1/agents", "/v1/events", "/livez", "/readyz"):
        await user.http.get(path)
    for part in ("", "/messages", "/completions", "/tool-executions", "/events"):
        await user.get(thread + part)
    async with user.http.stream("GET", f"{thread}/events?until=idle", headers=SSE) as stream:
        assert stream.status_code == 200
    await user.post(f"/v1/completions/{started['completion_id']}/cancel", {})
    assert pool() <= before
