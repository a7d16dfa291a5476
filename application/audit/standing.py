"""How a thread stood at some moment: the rows of its read tables as plain JSON."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from domain.jsonvalue import JsonObject


@dataclass(frozen=True)
class Standing:
    """All rows stand in the order in which their first events came.

    A completion's `text` is all that it had said, of an open one the committed chunks too.
    """

    position: int  # of the thread's last event by then
    recorded_at: datetime  # of that event, on the database's clock
    thread: JsonObject
    messages: list[JsonObject]  # of all branches, and what waited or was withdrawn
    completions: list[JsonObject]
    tool_executions: list[JsonObject]

    def branch(self) -> list[JsonObject]:
        """The messages from the first one to the thread's head."""
        return list(self._upwards())[::-1]

    def _upwards(self) -> Iterator[JsonObject]:
        by_id = {message["id"]: message for message in self.messages}
        step = self.thread["head"]
        while (message := by_id.pop(step, None)) is not None:
            yield message
            step = message["parent_id"]
