"""Events in words: a line for each that a person understands without knowing its fields."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from domain.jsonvalue import JsonObject
from interfaces.admin.formats import cut

Data: TypeAlias = Mapping[str, Any]  # of an event, as it is stored

MOST_CHARACTERS = 200


def words_of(name: str, data: JsonObject) -> str:
    """One line; empty for events that this version does not know or cannot read."""
    try:
        said = _WORDS[name](data)
    except (KeyError, TypeError, AttributeError, ValueError, IndexError):
        return ""
    return cut(" ".join(said.split()), most=MOST_CHARACTERS)


def _quoted(text: object) -> str:
    return f"“{cut(str(text).strip(), most=MOST_CHARACTERS)}”"


def _parts(data: Data) -> str:
    return _quoted(" ".join(part["content"] for part in data["parts"]))


def _because(data: Data) -> str:
    return f": {data['reason']}" if data.get("reason") else ""


def _count(number: int, one: str) -> str:
    return f"{number:,} {one}" if number == 1 else f"{number:,} {one}s"


def _started(data: Data) -> str:
    title = f", {_quoted(data['title'])}" if data.get("title") else ""
    return f"The conversation begins, with {data['agent']}{title}"


def _queued(data: Data) -> str:
    modes = {"steer": "for the running answer to take in", "interrupt": "and stops the answer"}
    mode = modes.get(data["mode"], "for its turn")
    return f"A message waits {mode}: {_parts(data)}"


def _asked(data: Data) -> str:
    model = f", from {data['model']}" if data.get("model") else ""
    return f"An answer of {data['agent']} was asked for{model}"


def _model_requested(data: Data) -> str:
    model = data.get("named") or data["model"]
    return f"{model} is asked: step {data['step']} of attempt {data['attempt']}"


def _chunk(data: Data) -> str:
    kinds = {"text": "It says", "reasoning": "It reasons", "tool_arguments": "It writes arguments"}
    return f"{kinds[data['kind']]} {_quoted(data['text'])}"


def _recorded(data: Data) -> str:
    kind, parts = data["message"].get("kind", "message"), data["message"].get("parts", [])
    return f"A {kind} of {_count(len(parts), 'part')} was recorded whole"


def _returned(data: Data) -> str:
    outcome = data["outcome"].replace("_", " ")
    said = data.get("message") or data["content"]
    return f"{data['tool']} {outcome}" + (f": {_quoted(said)}" if said else "")


def _input_taken(data: Data) -> str:
    messages, results = len(data.get("message_ids", ())), len(data.get("execution_ids", ()))
    told = [_count(n, word) for n, word in ((messages, "message"), (results, "result")) if n]
    return f"{' and '.join(told) or 'Nothing'} entered the running answer"


def _tool_finished(data: Data) -> str:
    said = data.get("message") or data.get("content")
    return "The tool gave its result" + (f": {_quoted(said)}" if said else "")


def _answered(data: Data) -> str:
    return f"A person {'approved' if data['approved'] else 'denied'} a tool{_because(data)}"


def _interrupted(data: Data) -> str:
    why = {
        "worker_lost": "its worker was lost",
        "handed_over": "its worker hands it over",
        "model_retried": "the model is to be asked again",
    }[data["reason"]]
    said = f": {data['message']}" if data.get("message") else ""
    return f"Attempt {data['attempt']} ended without an answer, {why}{said}"


def _finished(data: Data) -> str:
    answer = data["answer"]
    tokens = answer["usage"]["output_tokens"]
    size = _count(answer["characters"], "character")
    return f"The answer is complete: {size}, {_count(tokens, 'token')}"


def _failed(data: Data) -> str:
    return f"The answer failed, {data['type'].replace('_', ' ')}: {data['message']}"


def _progressed(data: Data) -> str:
    said = f": {data['message']}" if data.get("message") else ""
    return f"{data['fraction']:.0%} done{said}"


def _read(data: Data) -> str:
    return f"An auditor looked ({data['what']}){_because(data)}"


def _key_issued(data: Data) -> str:
    return f"A key was issued for the role {data['role']}"


def _webhook(data: Data) -> str:
    return f"Webhook to {data['url']}"


def _said(text: str) -> Callable[[Data], str]:
    return lambda _: text


_WORDS: Mapping[str, Callable[[Data], str]] = {
    "thread.started": _started,
    "thread.message_added": _parts,
    "thread.message_queued": _queued,
    "thread.message_delivered": _said("The turn of a waiting message has come"),
    "thread.message_withdrawn": _said("A waiting message was taken back"),
    "thread.completion_requested": _said("The turn goes to an answer"),
    "thread.turn_ended": lambda data: f"The turn is over: the answer {data['outcome']}",
    "thread.head_moved": _said("Another branch is the current one"),
    "thread.result_arrived": _said("A background tool's result waits to be told to the model"),
    "thread.result_delivered": _said("The model was told a background tool's result"),
    "thread.renamed": lambda data: f"Renamed to {_quoted(data['title'])}",
    "thread.archived": _said("Archived: it takes no new messages"),
    "completion.requested": _asked,
    "completion.started": lambda data: f"A worker claimed the answer, attempt {data['attempt']}",
    "completion.model_requested": _model_requested,
    "completion.chunk": _chunk,
    "completion.message_recorded": _recorded,
    "completion.tool_called": lambda data: f"The model calls {data['tool']}",
    "completion.tool_returned": _returned,
    "completion.tool_dispatched": lambda data: f"{data['tool']} goes on in the background",
    "completion.input_taken": _input_taken,
    "completion.waiting": lambda data: (
        f"Waits for a person to approve {_count(len(data['tool_call_ids']), 'tool call')}"
    ),
    "completion.approval_answered": _answered,
    "completion.cancel_requested": lambda data: f"Somebody stops the answer{_because(data)}",
    "completion.interrupted": _interrupted,
    "completion.finished": _finished,
    "completion.failed": _failed,
    "completion.cancelled": lambda data: f"The answer was stopped{_because(data)}",
    "tool.dispatched": lambda data: f"{data['tool']} waits for a worker",
    "tool.awaited": _said("The result is to come from outside"),
    "tool.started": lambda data: f"A worker runs the tool, attempt {data['attempt']}",
    "tool.progressed": _progressed,
    "tool.cancel_requested": lambda data: f"Somebody stops the tool{_because(data)}",
    "tool.finished": _tool_finished,
    "tool.failed": lambda data: (
        f"The tool failed, {data['type'].replace('_', ' ')}: {data['message']}"
    ),
    "tool.cancelled": lambda data: f"The tool was stopped{_because(data)}",
    "tool.timed_out": lambda data: f"The tool did not end within {data['timeout_seconds']} s",
    "account.created": _said("A user exists"),
    "account.key_issued": _key_issued,
    "account.key_revoked": _said("A key was revoked"),
    "account.link_issued": _said("A link for signing in was made"),
    "account.session_started": _said("Somebody signed in"),
    "account.session_ended": _said("Somebody signed out"),
    "access.thread_read": _read,
    "access.log_read": _read,
    "access.exported": lambda data: (
        f"{_count(data['rows'], 'row')} of {data['dataset']} were exported{_because(data)}"
    ),
    "agents.described": lambda data: f"Workers answer with {_count(len(data['agents']), 'agent')}",
    "projection.act_requested": lambda data: (
        f"Somebody wants {data['projection']} to {data['act']}"
    ),
    "projection.paused": lambda data: f"{data['projection']} stands still",
    "projection.resumed": lambda data: f"{data['projection']} goes on",
    "projection.skipped": lambda data: (
        f"{data['projection']} passes over the event at {data['position']}{_because(data)}"
    ),
    "projection.swapped": lambda data: f"Readers see {data['projection']} made again",
    "analyst.created": lambda data: f"The login {data['login']} may read the analytics tables",
    "analyst.dropped": lambda data: f"The login {data['login']} is no more",
    "webhook.created": _webhook,
    "webhook.changed": _webhook,
    "webhook.secret_rotated": _said("The webhook signs with its next secret"),
    "webhook.replayed": lambda data: f"Events after {data['after']} are sent again",
    "webhook.retried": _said("What was given up is tried again"),
    "webhook.deleted": _said("Nothing more is sent to the webhook"),
}
