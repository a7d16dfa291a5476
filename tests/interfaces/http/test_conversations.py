"""A conversation over HTTP, from the first message to the archive."""

from uuid import uuid4

import pytest

from tests.interfaces.http.house import House, Json, Person
from tests.interfaces.http.worker import Worker, answer


async def test_a_started_thread_can_be_read_at_once(user: Person) -> None:
    started = await user.post(
        "/v1/threads",
        {"title": "Greetings", "metadata": {"shop": [1, None, "é"]}, "message": {"text": "hi"}},
    )
    assert set(started) == {"thread_id", "message_id", "completion_id", "position"}
    thread = await user.get(f"/v1/threads/{started['thread_id']}", min_position=started["position"])
    assert thread["title"] == "Greetings"
    assert thread["metadata"] == {"shop": [1, None, "é"]}
    assert thread["agent"] == "assistant"
    assert thread["user_id"] == str(user.id)
    assert thread["active_completion_id"] == started["completion_id"]
    assert thread["message_count"] == 1
    messages = await user.get(f"/v1/threads/{started['thread_id']}/messages")
    [question] = messages["items"]
    assert question["id"] == started["message_id"]
    assert question["role"] == "user"
    assert question["parts"] == [{"kind": "text", "content": "hi"}]


async def test_what_was_just_written_is_found_by_its_id_without_naming_a_position(
    user: Person,
) -> None:
    for _ in range(5):
        started = await user.start()
        await user.get(f"/v1/completions/{started['completion_id']}")
        other = await user.start()
        await user.get(f"/v1/threads/{other['thread_id']}")
        queued = await user.post(f"/v1/threads/{other['thread_id']}/messages", {"text": "more"})
        row = await user.get(f"/v1/completions/{queued['completion_id']}")
        assert row["status"] == "pending"


async def test_a_thread_without_a_message_waits_for_its_first_one(user: Person) -> None:
    started = await user.post("/v1/threads", {"agent": "support"})
    assert set(started) == {"thread_id", "position"}
    posted = await user.post(
        f"/v1/threads/{started['thread_id']}/messages",
        {"parts": [{"kind": "text", "content": "one"}, {"content": "two"}]},
    )
    assert set(posted) == {"message_id", "completion_id", "position"}
    page = await user.get(
        f"/v1/threads/{started['thread_id']}/messages", min_position=posted["position"]
    )
    assert [part["content"] for part in page["items"][0]["parts"]] == ["one", "two"]


async def test_an_open_answer_shows_what_has_been_said_so_far(house: House, user: Person) -> None:
    started = await user.start()
    path = f"/v1/completions/{started['completion_id']}"
    assert (await user.get(path))["text"] == ""
    worker = await Worker.claim(house, started["completion_id"])
    said = await worker.say("Once ", "upon ")
    row = await user.get(path, min_position=said)
    assert (row["status"], row["text"], row["attempts"]) == ("processing", "Once upon ", 1)
    kept = await worker.say("a ")
    await worker.say("rhyme")
    lost = await worker.lose(kept)
    assert (await user.get(path, min_position=lost))["text"] == "Once upon a "


async def test_a_finished_answer_tells_what_it_said_and_cost(house: House, user: Person) -> None:
    started = await user.start()
    end = await answer(house, started["completion_id"], "Hello yourself.")
    row = await user.get(f"/v1/completions/{started['completion_id']}", min_position=end)
    assert row["status"] == "completed"
    assert row["text"] == "Hello yourself."
    assert row["model"] == "test-model"
    assert (row["input_tokens"], row["output_tokens"], row["cost_microdollars"]) == (3, 5, 42)
    assert (row["time_to_first_token_ms"], row["duration_ms"]) == (7, 70)
    assert row["error"] is None
    assert row["created_at"] <= row["started_at"] <= row["completed_at"]
    page = await user.get(f"/v1/threads/{started['thread_id']}/messages")
    assert [message["role"] for message in page["items"]] == ["user", "assistant"]
    assert page["items"][1]["id"] == started["completion_id"]
    completions = await user.get(f"/v1/threads/{started['thread_id']}/completions")
    assert completions["items"] == [row]


async def test_a_failed_answer_says_why(house: House, user: Person) -> None:
    started = await user.start()
    worker = await Worker.claim(house, started["completion_id"])
    end = await worker.fail()
    row = await user.get(f"/v1/completions/{started['completion_id']}", min_position=end)
    assert row["status"] == "failed"
    assert row["error"]["type"] == "rate_limited"
    assert row["error"]["message"] == "Too many requests."


async def test_a_busy_thread_queues_and_on_request_refuses(house: House, user: Person) -> None:
    started = await user.start()
    path = f"/v1/threads/{started['thread_id']}/messages"
    refused = await user.http.post(path, json={"text": "now", "when_busy": "reject"})
    assert refused.status_code == 409
    assert refused.json()["type"] == "/problems/thread-is-busy"
    queued = await user.post(path, {"text": "later"})
    tree = await user.get(path, all="true", min_position=queued["position"])
    assert [message["status"] for message in tree["items"]] == ["delivered", "queued"]
    assert len((await user.get(path))["items"]) == 1
    end = await answer(house, started["completion_id"])
    branch = await user.get(path, min_position=end)
    assert [message["role"] for message in branch["items"]] == ["user", "assistant", "user"]
    assert branch["items"][2]["id"] == queued["message_id"]


async def test_a_queued_message_can_be_withdrawn_and_a_delivered_one_not(user: Person) -> None:
    started = await user.start()
    path = f"/v1/threads/{started['thread_id']}/messages"
    queued = await user.post(path, {"text": "never mind"})
    first = await user.http.delete(f"{path}/{queued['message_id']}")
    again = await user.http.delete(f"{path}/{queued['message_id']}")
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == again.json()
    row = await user.get(
        f"/v1/completions/{queued['completion_id']}", min_position=first.json()["position"]
    )
    assert row["status"] == "cancelled"
    late = await user.http.delete(f"{path}/{started['message_id']}")
    assert late.status_code == 409
    missing = await user.http.delete(f"{path}/{uuid4()}")
    assert missing.json()["type"] == "/problems/message-not-found"


async def test_cancelling_an_answer_that_only_waits_withdraws_its_message(
    house: House, user: Person
) -> None:
    started = await user.start()
    path = f"/v1/threads/{started['thread_id']}/messages"
    queued = await user.post(path, {"text": "never mind"})
    cancel = f"/v1/completions/{queued['completion_id']}/cancel"
    first = await user.http.post(cancel)
    assert (first.status_code, first.json()["status"]) == (202, "cancelled")
    await house.projected()
    again = await user.http.post(cancel, json={"reason": "still"})
    assert (again.status_code, again.json()["status"]) == (200, "cancelled")
    await answer(house, started["completion_id"])
    tree = await user.get(path, all="true", min_position=await house.last_position())
    assert [message["status"] for message in tree["items"]] == [
        "delivered",
        "withdrawn",
        "delivered",
    ]


async def test_an_answer_that_nobody_has_begun_is_cancelled_at_once(user: Person) -> None:
    started = await user.start()
    cancel = f"/v1/completions/{started['completion_id']}/cancel"
    first = await user.http.post(cancel, json={"reason": "a slip"})
    assert (first.status_code, first.json()["status"]) == (202, "cancelled")
    again = await user.http.post(cancel, json={"reason": "a slip"})
    assert again.status_code == 200
    assert again.json() == first.json() | {"position": again.json()["position"]}
    row = await user.get(
        f"/v1/completions/{started['completion_id']}", min_position=first.json()["position"]
    )
    assert (row["status"], row["cancel_reason"]) == ("cancelled", "a slip")


async def test_an_answer_under_way_is_asked_to_stop(house: House, user: Person) -> None:
    started = await user.start()
    worker = await Worker.claim(house, started["completion_id"])
    await worker.say("Once ")
    answered = await user.http.post(f"/v1/completions/{started['completion_id']}/cancel", json={})
    assert (answered.status_code, answered.json()["status"]) == (202, "processing")


@pytest.mark.parametrize(("body", "status"), [({}, "cancelled"), ({"tools": False}, "pending")])
async def test_with_an_answer_its_background_tools_are_stopped_unless_they_shall_go_on(
    house: House, user: Person, body: Json, status: str
) -> None:
    started = await user.start()
    worker = await Worker.claim(house, started["completion_id"])
    execution = await worker.dispatch()
    cancelled = await user.post(f"/v1/completions/{started['completion_id']}/cancel", body)
    position = max(cancelled["position"], await house.last_position())
    row = await user.get(f"/v1/tool-executions/{execution}", min_position=position)
    assert row["status"] == status


async def test_a_thread_gets_another_title(user: Person) -> None:
    started = await user.start()
    path = f"/v1/threads/{started['thread_id']}"
    renamed = await user.http.patch(path, json={"title": "About é"})
    again = await user.http.patch(path, json={"title": "About é"})
    assert renamed.status_code == 200
    assert again.json() == renamed.json()
    thread = await user.get(path, min_position=again.json()["position"])
    assert thread["title"] == "About é"


async def test_an_archived_thread_stops_and_takes_nothing_more(user: Person) -> None:
    started = await user.start()
    path = f"/v1/threads/{started['thread_id']}"
    queued = await user.post(f"{path}/messages", {"text": "later"})
    archived = await user.http.delete(path)
    assert archived.status_code == 202
    assert archived.json()["position"] > queued["position"]
    position = archived.json()["position"]
    assert (await user.get(path, min_position=position))["archived"] is True
    for completion in (started["completion_id"], queued["completion_id"]):
        row = await user.get(f"/v1/completions/{completion}")
        assert row["status"] == "cancelled"
    refused = await user.http.post(f"{path}/messages", json={"text": "more"})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/thread-is-archived")
    again = await user.http.delete(path)
    assert again.status_code == 202
    in_use = await user.get("/v1/threads")
    assert started["thread_id"] not in [thread["id"] for thread in in_use["items"]]
    shelved = await user.get("/v1/threads", archived="true")
    assert [thread["id"] for thread in shelved["items"]] == [started["thread_id"]]
