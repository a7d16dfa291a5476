"""A tool that asks first: what its owner sees, and answers."""

from uuid import uuid4

from tests.interfaces.http.house import House, Json, Person
from tests.interfaces.http.worker import Worker, answer, ask_first


async def asking(house: House, user: Person, *calls: str) -> Json:
    """A thread whose answer waits for these calls; with `path` of the completion."""
    started = await user.start()
    position = await ask_first(house, started["completion_id"], *calls)
    path = f"/v1/completions/{started['completion_id']}"
    return {**started, "position": position, "path": path}


async def test_an_answer_that_waits_says_what_for(house: House, user: Person) -> None:
    it = await asking(house, user, "a", "b")
    row = await user.get(it["path"], min_position=it["position"])
    assert row["status"] == "waiting"
    assert row["waiting_for"] == [
        {"tool_call_id": call, "tool": "delete", "arguments": {"file": call}} for call in "ab"
    ]
    page = await user.get(f"/v1/threads/{it['thread_id']}/completions")
    assert page["items"] == [row]
    first = await user.http.post(
        f"{it['path']}/approvals", json={"tool_call_id": "a", "approved": True}
    )
    assert (first.status_code, first.json()["status"]) == (202, "waiting")
    row = await user.get(it["path"], min_position=first.json()["position"])
    assert (row["status"], [one["tool_call_id"] for one in row["waiting_for"]]) == (
        "waiting",
        ["b"],
    )


async def test_the_last_answer_lets_a_worker_go_on(house: House, user: Person) -> None:
    it = await asking(house, user, "a", "b")
    path, reason = f"{it['path']}/approvals", "my files"
    await user.post(path, {"tool_call_id": "a", "approved": True, "reason": reason})
    last = await user.post(path, {"tool_call_id": "b", "approved": False, "reason": reason})
    row = await user.get(it["path"], min_position=last["position"])
    assert (row["status"], row["waiting_for"]) == ("pending", [])
    worker = await Worker.claim(house, it["completion_id"])
    await worker.finish()
    page = await user.get(
        f"/v1/threads/{it['thread_id']}/events", names="completion.approval_answered"
    )
    assert [event["data"] for event in page["items"]] == [
        {"tool_call_id": call, "approved": call == "a", "reason": reason} for call in "ab"
    ]


async def test_an_answer_is_given_once(house: House, user: Person) -> None:
    it = await asking(house, user, "a", "b")
    path, body = f"{it['path']}/approvals", {"tool_call_id": "a", "approved": True}
    first = await user.http.post(path, json=body)
    again = await user.http.post(path, json=body)
    assert (again.status_code, again.json()) == (202, first.json())
    other = await user.http.post(path, json={**body, "approved": False})
    assert (other.status_code, other.json()["type"]) == (409, "/problems/approval-already-answered")


async def test_what_was_not_asked_or_is_over_cannot_be_answered(house: House, user: Person) -> None:
    it = await asking(house, user, "a")
    path, body = f"{it['path']}/approvals", {"tool_call_id": "c", "approved": True}
    unknown = await user.http.post(path, json=body)
    assert (unknown.status_code, unknown.json()["type"]) == (404, "/problems/approval-not-asked")
    missing = await user.http.post(f"/v1/completions/{uuid4()}/approvals", json=body)
    assert (missing.status_code, missing.json()["type"]) == (404, "/problems/completion-not-found")
    await user.post(f"{it['path']}/cancel", {})
    late = await user.http.post(path, json={**body, "tool_call_id": "a"})
    assert (late.status_code, late.json()["type"]) == (409, "/problems/completion-has-ended")


async def test_what_waits_for_a_person_is_cancelled_at_once(house: House, user: Person) -> None:
    it = await asking(house, user, "a")
    queued = await user.post(f"/v1/threads/{it['thread_id']}/messages", {"text": "later"})
    cancelled = await user.http.post(f"{it['path']}/cancel")
    assert (cancelled.status_code, cancelled.json()["status"]) == (202, "cancelled")
    row = await user.get(it["path"], min_position=cancelled.json()["position"])
    assert (row["status"], row["waiting_for"]) == ("cancelled", [])
    end = await answer(house, queued["completion_id"])
    assert (await user.get(f"/v1/completions/{queued['completion_id']}", min_position=end))[
        "status"
    ] == "completed"
