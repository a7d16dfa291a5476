"""The screen of `threadlog chat`: answers as they are typed, everything else dimmed."""

import json
import sys

from interfaces.cli.chat_turn import ENDINGS, Turn
from interfaces.cli.client import Json, StreamEvent
from interfaces.cli.printable import printable

DIM, BOLD, PLAIN = "\033[2m", "\033[1m", "\033[0m"
SHOWN_CHARACTERS = 300  # of a tool's arguments

_AGAIN = {"model_retried": "the model is in trouble", "handed_over": "its worker leaves"}


class Terminal:
    """Shows one turn of a conversation."""

    def __init__(self) -> None:
        self._colour = sys.stdout.isatty()
        self._kind = ""
        self._progress = ""

    def show(self, event: StreamEvent, turn: Turn) -> None:
        """One event of the thread, of which the turn has not learned yet."""
        match event.name:
            case "tool.progressed" if event.execution_id in turn.tools:
                self._show_progress(turn.tools[event.execution_id], event.data)
            case "thread.result_arrived" if (ended := event.data["execution_id"]) in turn.tools:
                self.note(f"[{turn.tools[ended]} has ended]")
            case _ if event.completion_id is not None and event.completion_id == turn.answering:
                self._answer(event)
            case _:
                pass

    def note(self, text: str) -> None:
        """A line of ours."""
        self._write(text, kind="note")

    def end_line(self) -> None:
        """What comes next begins a line."""
        if self._kind:
            self._write("\n", kind="")

    def _answer(self, event: StreamEvent) -> None:
        match event.name:
            case "completion.chunk" if event.data["kind"] != "tool_arguments":
                self._write(event.data["text"], kind=event.data["kind"])
            case "completion.tool_called":
                self.note(f"[{event.data['tool']} …]")
            case "completion.interrupted":
                why = _AGAIN.get(event.data["reason"], "the worker went away")
                self.note(f"[{why}; it goes on after its last step]")
            case "completion.failed":
                self.note(f"[failed: {event.data['message']}]")
            case "completion.cancelled":
                self.note("[stopped]")
            case _:
                pass
        if event.name in ENDINGS:
            self._write("\n", kind="")

    def _show_progress(self, tool: str, data: Json) -> None:
        """In steps of a tenth, or where something else is said."""
        said = f"{tool} {int(10 * data['fraction']) * 10} % {data.get('message') or ''}".rstrip()
        if said != self._progress:
            self._progress = said
            self.note(f"[{said}]")

    def _write(self, text: str, *, kind: str) -> None:
        new_part = bool(self._kind) and bool(kind) and (kind != self._kind or kind == "note")
        start = "\n" if new_part else ""
        self._kind = kind
        dimmed = self._colour and kind in ("reasoning", "note")
        safe = printable(text)
        print(start + (f"{DIM}{safe}{PLAIN}" if dimmed else safe), end="", flush=True)


def question_about(call: Json) -> str:
    """What a person is asked before a tool runs, in one line."""
    arguments = json.dumps(call["arguments"], ensure_ascii=False)
    if len(arguments) > SHOWN_CHARACTERS:
        arguments = f"{arguments[:SHOWN_CHARACTERS]}…"
    return printable(f"May {call['tool']} run with {arguments}? [y/n] ").replace("\n", " ")
