"""A person's answer to a tool that asks first: once, by its owner, and then any worker goes on."""

import asyncio
from uuid import uuid4

import pytest

from application.commands.approvals import AnswerApproval, Answered, answer_approval, deny_open
from application.commands.completions import CancelCompletion, cancel_completion
from application.commands.context import Principal
from domain.completion_events import ApprovalAnswered, CompletionStarted, CompletionWaiting
from domain.ids import uuid7
from domain.refusals import (
    ApprovalAlreadyAnswered,
    ApprovalNotAsked,
    CompletionHasEnded,
    CompletionNotFound,
)
from tests.application.commanding import Commanding


async def decide(
    it: Commanding, call: str, *, approved: bool = True, reason: str | None = None
) -> Answered:
    return await answer_approval(
        it.app, AnswerApproval(it.house.user, it.first, call, approved, reason)
    )


async def test_the_last_answer_wakes_a_worker_and_any_one_goes_on() -> None:
    it = await Commanding.waiting("a", "b")
    first = await decide(it, "b", approved=False, reason="too much")
    assert it.events(it.first)[-2:] == [
        ApprovalAnswered("b", approved=False, reason="too much"),
        CompletionWaiting(("a",)),
    ]
    assert (first.status, first.position, it.bells.woken) == ("waiting", it.position, [])
    last = await decide(it, "a")
    assert (last.status, last.position, it.bells.woken) == ("pending", it.position, [it.first])
    claimed = await it.house.claim(it.first)
    assert it.events(it.first)[-2:] == [
        ApprovalAnswered("a", approved=True),
        CompletionStarted(2, claimed.worker_id or uuid4()),
    ]


async def test_the_same_answer_again_changes_nothing_and_says_the_same() -> None:
    it = await Commanding.waiting("a", "b")
    first, last = await decide(it, "a"), await decide(it, "b")
    before = it.position
    assert (await decide(it, "a")).position == first.position
    assert (await decide(it, "b")).position == last.position
    await it.house.claim(it.first)
    assert await decide(it, "b") == Answered("processing", last.position)
    assert it.position == before + 1


async def test_another_answer_is_refused() -> None:
    it = await Commanding.waiting("a", "b")
    await decide(it, "a")
    with pytest.raises(ApprovalAlreadyAnswered):
        await decide(it, "a", approved=False)


async def test_of_people_who_answer_at_once_one_decides() -> None:
    it = await Commanding.waiting("a", "b")
    answers = await asyncio.gather(
        *(decide(it, "ab"[n % 2], approved=n % 4 < 2) for n in range(20)), return_exceptions=True
    )
    refused = [one for one in answers if isinstance(one, BaseException)]
    assert len(refused) == 10
    assert {type(one) for one in refused} == {ApprovalAlreadyAnswered}
    decided = [one for one in it.events(it.first) if isinstance(one, ApprovalAnswered)]
    assert sorted(one.tool_call_id for one in decided) == ["a", "b"]
    assert it.bells.woken == [it.first]


async def test_what_was_never_asked_has_no_answer() -> None:
    it = await Commanding.waiting("a")
    with pytest.raises(ApprovalNotAsked):
        await decide(it, "b")


async def test_after_the_end_nothing_is_decided() -> None:
    it = await Commanding.waiting("a")
    await cancel_completion(it.app, CancelCompletion(it.house.user, it.first))
    with pytest.raises(CompletionHasEnded):
        await decide(it, "a")


async def test_somebody_elses_completion_is_as_good_as_none() -> None:
    it = await Commanding.waiting("a")
    stranger = Principal(uuid7(), "user", uuid7())
    for by, completion in ((stranger, it.first), (it.house.user, uuid7())):
        with pytest.raises(CompletionNotFound):
            await answer_approval(it.app, AnswerApproval(by, completion, "a", approved=True))


async def test_denying_what_is_open_touches_nothing_else() -> None:
    it = await Commanding.waiting("a", "b")
    await decide(it, "a")
    for _ in range(2):
        await deny_open(it.app.log, it.first, wake_up=it.bells, actor="worker:test")
    decided = [one for one in it.events(it.first) if isinstance(one, ApprovalAnswered)]
    assert [(one.tool_call_id, one.approved) for one in decided] == [("a", True), ("b", False)]
    assert it.bells.woken == [it.first]
    busy = await Commanding.answering()
    before = busy.position
    await deny_open(busy.app.log, busy.first, wake_up=busy.bells, actor="worker:test")
    assert (busy.position, busy.bells.woken) == (before, [])
