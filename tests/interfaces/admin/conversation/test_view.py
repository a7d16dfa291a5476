"""What people see of a conversation: every state in words, and what can be pressed."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from domain.completion_events import (
    ApprovalAnswered,
    Chunk,
    CompletionCancelled,
    CompletionFailed,
    CompletionWaiting,
    FailureType,
    ToolCalled,
    ToolDispatched,
    ToolReturned,
)
from domain.execution_events import ExecutionAwaited, ExecutionProgressed, ExecutionStarted
from domain.thread_events import TurnEnded
from interfaces.admin.conversation.reading import conversation_at
from interfaces.admin.conversation.shown import SHOWN_ITEMS, Shown
from tests.infrastructure.audit.stored import StoredLog
from tests.interfaces.admin.conversation.dom import Dom
from tests.interfaces.admin.conversation.pages import Following, whole
from tests.interfaces.admin.dom import Element, words
from tests.projections.story import WORKER, Log, Story, answer, said

HOSTILE = "<script>alert(1)</script>"


async def shown(story: Story, *, read_only: bool = False, first: int | None = None) -> Dom:
    conversation = await conversation_at(StoredLog(story.log.events), story.id)
    return Dom(whole(Shown(conversation, read_only=read_only, first=first)))


def forms(dom: Dom) -> list[tuple[str | None, dict[str, str | None]]]:
    """Where each goes, and with what."""
    return [
        (
            form.attributes["action"],
            {
                field.attributes["name"] or "": field.attributes.get("value")
                for field in form.elements()
                if field.attributes.get("type") == "hidden"
            },
        )
        for form in dom.body.elements()
        if form.tag == "form"
    ]


def asked() -> tuple[Story, UUID, UUID]:
    """A thread whose first message is being answered."""
    story = Story(Log()).start(title="Title")
    message, completion = story.ask("Hi")
    story.claim(completion)
    return story, message, completion


def chunk(text: str) -> Chunk:
    return Chunk(1, 1, 0, "text", text, ((len(text), 0),))


async def test_an_answer_under_way_is_busy_and_can_be_stopped() -> None:
    story, message, completion = asked()
    story.stream(completion, chunk("Well, *you"))
    dom = await shown(story)
    assert words(dom.by_id(f"said-{message}")).startswith("Message Hi")
    answered = dom.by_id(f"answer-{completion}")
    assert answered.attributes["aria-busy"] == "true"
    assert "Answering" in words(answered)
    assert "Well, " in words(dom.by_id(f"text-{completion}-0"))
    stop = [one for one in dom.by_id("actions").elements() if one.tag == "button"]
    assert [one.attributes for one in stop] == [
        {
            "class": "button danger",
            "type": "submit",
            "form": "stop",
            "name": "completion_id",
            "value": str(completion),
        }
    ]


async def test_an_answer_that_has_ended_tells_what_it_used() -> None:
    story, _, completion = asked()
    story.record(completion, said("Yes."))
    story.finish(completion, "Yes.")
    dom = await shown(story)
    foot = words(dom.by_id(f"foot-{completion}"))
    assert "demo 20 in, 5 out < $0.0001" in foot
    assert "3.0" in foot
    assert "aria-busy" not in dom.by_id(f"answer-{completion}").attributes
    assert "25 tokens" in words(dom.by_id("status"))
    assert words(dom.by_id("actions")) == ""


async def test_what_a_page_does_not_have_of_an_answer_that_was_stopped_is_told() -> None:
    story, _, completion = asked()
    story.stream(completion, chunk("a" * 40_000))
    said_then = replace(answer("a" * 32_000), characters=40_000)
    story.stream(completion, CompletionCancelled(1, said_then))
    story.thread(TurnEnded(completion, "cancelled", True, completion))
    dom = await shown(story)
    assert words(dom.by_id(f"text-{completion}-0")).count("a") == 32_000
    assert "8,000 more characters were said" in words(dom.by_id(f"foot-{completion}"))


@pytest.mark.parametrize(
    ("kind", "advice"),
    [
        ("rate_limited", "Wait a minute"),
        ("overloaded", "another agent"),
        ("timeout", "Ask again"),
        ("rejected", "Ask in other words"),
        ("context_too_long", "Start a new one"),
        ("authentication", "provider's key"),
        ("internal", "tell whoever runs this system"),
        ("worker_lost", "another worker will answer"),
    ],
)
async def test_a_failure_says_what_happened_and_what_to_do(kind: FailureType, advice: str) -> None:
    story, message, completion = asked()
    story.stream(completion, CompletionFailed(1, kind, "It was <so>.", answer("Half.")))
    story.thread(TurnEnded(completion, "failed", False, message))
    dom = await shown(story)
    told = words(dom.by_id(f"answer-{completion}"))
    assert "Half." in told
    assert "It was <so>." in told
    assert advice in told
    assert "Failed" in told


async def test_who_must_decide_on_a_tool_sees_what_it_would_do() -> None:
    story, _, completion = asked()
    call = 'a "call"/1'
    story.stream(
        completion,
        ToolCalled(1, 1, call, "delete", {"file": HOSTILE}),
        CompletionWaiting((call,)),
    )
    dom = await shown(story)
    assert forms(dom) == [
        (
            f"/_admin/chat/{story.id}/approvals",
            {"completion_id": str(completion), "tool_call_id": call},
        )
    ]
    told = words(dom.by_id(f"answer-{completion}"))
    assert f'{{ "file": "{HOSTILE}" }}' in told
    assert "Needs your decision" in told
    buttons = [one for one in dom.body.elements() if one.attributes.get("name") == "approved"]
    assert [(words(one), one.attributes["value"]) for one in buttons] == [
        ("Approve", "true"),
        ("Deny", "false"),
    ]
    box = dom.by_id(f"answer-{completion}")
    first = next(one for one in box.elements() if one.attributes.get("type") == "submit")
    assert "disabled" in first.attributes  # it is what Enter presses in the reason
    looked_at = await shown(story, read_only=True)
    assert forms(looked_at) == []
    assert "Needs a decision" in words(looked_at.by_id(f"answer-{completion}"))
    story.stream(completion, ApprovalAnswered(call, approved=False, reason="Too risky."))
    story.stream(completion, ToolReturned(call, "delete", "error", "Not allowed."))
    denied = await shown(story)
    assert forms(denied) == []
    assert "Denied: Too risky." in words(denied.by_id(f"answer-{completion}"))


async def test_a_decision_on_one_tool_leaves_what_is_written_about_another() -> None:
    story, _, completion = asked()
    calls = ("c1", "c2")
    called = [ToolCalled(1, 1, call, "pay", {}) for call in calls]
    story.stream(completion, *called, CompletionWaiting(calls))
    log = StoredLog(story.log.events)
    page = await Following.at(log, story.id, story.log.events[-1].position)
    begun = len(story.log.events)
    story.stream(completion, ApprovalAnswered("c1", approved=True), CompletionWaiting(("c2",)))
    for recorded in story.log.events[begun:]:
        page.hear(recorded)
    changed = {patch.element_id for patch in page.shown.patches()}
    assert f"tool-{completion}-c1" in changed
    assert f"tool-{completion}-c2" not in changed


async def test_a_background_tool_shows_how_far_it_is_and_can_be_stopped() -> None:
    story, _, completion = asked()
    execution = uuid4()
    story.stream(
        completion,
        ToolCalled(1, 1, "c1", "study", {}),
        ToolDispatched("c1", execution, "study", {}),
        ToolReturned("c1", "study", "pending", "It works in the background."),
    )
    assert "Waits for a worker" in words((await shown(story)).by_id(f"tool-{completion}-c1"))
    progress = ExecutionProgressed(0.25, "a quarter")
    story.stream(execution, ExecutionStarted(1, WORKER), progress)
    dom = await shown(story)
    box = dom.by_id(f"tool-{completion}-c1")
    assert "Running in the background" in words(box)
    assert "25 %" in words(box)
    assert "a quarter" in words(box)
    assert forms(dom) == [(f"/_admin/chat/{story.id}/executions/{execution}/cancel", {})]


async def test_a_tool_of_somebody_else_waits_for_its_result() -> None:
    story, _, completion = asked()
    execution = uuid4()
    story.stream(completion, ToolDispatched("c1", execution, "study", {}))
    story.stream(execution, ExecutionAwaited())
    box = (await shown(story)).by_id(f"tool-{completion}-c1")
    assert "Waits for a result from outside" in words(box)


async def test_progress_replaces_no_more_than_the_head_of_a_box() -> None:
    story, _, completion = asked()
    execution = uuid4()
    story.stream(completion, ToolDispatched("c1", execution, "study", {}))
    story.stream(execution, ExecutionStarted(1, WORKER))
    page = await Following.at(StoredLog(story.log.events), story.id, story.log.events[-1].position)
    story.stream(execution, ExecutionProgressed(0.5))
    page.hear(story.log.events[-1])
    assert [patch.element_id for patch in page.shown.patches()] == [f"tool-{completion}-c1-state"]


async def test_long_arguments_and_results_are_cut_with_a_note() -> None:
    story, _, completion = asked()
    story.stream(
        completion,
        ToolCalled(1, 1, "c1", "look", {"text": "x" * 9_000}),
        ToolReturned("c1", "look", "completed", "y" * 9_000),
    )
    box = words((await shown(story)).by_id(f"tool-{completion}-c1"))
    assert (box.count("x"), box.count("y")) == (4_096 - len('{\n  "text": "') + 1, 4_096)
    assert "The first 4,096 of 9,000 characters." in box.replace("\u202f", ",")


async def test_waiting_messages_can_be_withdrawn() -> None:
    story, _, _ = asked()
    later, _ = story.queue("Then this")
    sooner, _ = story.queue("Stop: this", mode="interrupt")
    dom = await shown(story)
    queue = dom.by_id("queue")
    rows = [words(one) for one in queue.elements() if one.tag == "li"]
    assert [row.split(" ")[0] for row in rows] == ["Stop:", "Then"]
    assert "Interrupts" in rows[0]
    assert [action for action, _ in forms(dom)] == [
        f"/_admin/chat/{story.id}/messages/{message}/withdraw" for message in (sooner, later)
    ]
    assert forms(await shown(story, read_only=True)) == []


async def test_nothing_that_people_or_models_write_is_taken_for_html() -> None:
    story = Story(Log()).start(title=HOSTILE)
    _, completion = story.ask(HOSTILE)
    story.claim(completion)
    story.stream(completion, chunk(HOSTILE), ToolCalled(1, 1, HOSTILE, HOSTILE, {HOSTILE: HOSTILE}))
    story.stream(completion, ToolReturned(HOSTILE, HOSTILE, "error", HOSTILE, message=HOSTILE))
    story.queue(HOSTILE)
    dom = await shown(story)
    assert [one for one in dom.body.elements() if one.tag == "script"] == []
    assert words(dom.body).count("alert(1)") >= 6


async def test_a_page_ends_with_the_last_items_and_leads_to_the_earlier_ones() -> None:
    story = Story(Log()).start()
    parent = None
    for number in range(105):
        _, completion = story.ask(f"Question {number}", parent=parent)
        story.answer(completion, "Yes.")
        parent = completion
    dom = await shown(story)
    articles = _articles(dom)
    assert 150 <= len(articles) <= SHOWN_ITEMS
    assert "Question 104" in words(articles[-2])
    (link,) = [one.attributes["href"] for one in dom.body.elements() if one.tag == "a"]
    assert link == "?first=0"
    assert len(_articles(await shown(story, first=0))) == 210


async def test_a_page_of_a_long_conversation_keeps_up() -> None:
    story = Story(Log()).start()
    parent = None
    for number in range(101):
        _, completion = story.ask(f"Question {number}", parent=parent)
        story.answer(completion, "Yes.")
        parent = completion
    begin = len(story.log.events) - 20
    page = await Following.at(StoredLog(story.log.events), story.id, begin)
    page.follow(story.log.events[begin:])
    assert str(page.dom) == str(await shown(story))


async def test_those_who_cannot_see_the_page_are_told_in_sentences() -> None:
    story, _, completion = asked()
    page = await Following.at(StoredLog(story.log.events), story.id, story.log.events[-1].position)
    begun = len(story.log.events)
    story.stream(completion, ToolCalled(1, 1, "c1", "pay", {}), CompletionWaiting(("c1",)))
    story.stream(completion, ApprovalAnswered("c1", approved=True))
    story.claim(completion, attempt=2)
    story.finish(completion)
    page.follow(story.log.events[begun:])
    assert page.dom.said == ["Approval needed: pay", "Answer finished"]


def _articles(dom: Dom) -> Sequence[Element]:
    return [one for one in dom.body.elements() if one.tag == "article"]
