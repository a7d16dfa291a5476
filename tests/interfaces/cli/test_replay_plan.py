"""What a replay types and when, worked out from events that a test makes up."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from interfaces.cli.client import StreamEvent
from interfaces.cli.replay import play
from interfaces.cli.replay_plan import LONGEST_PAUSE_SECONDS

BEGAN = datetime(2026, 11, 22, 7, 0, 0, tzinfo=UTC).timestamp()
COMPLETION = "00000000-0000-4000-8000-000000000001"


class Story:
    """Events of one thread, each at a second of its own; positions count from 1."""

    def __init__(self) -> None:
        self.events: list[StreamEvent] = []

    def at(self, second: float, name: str, **data: Any) -> int:
        when = datetime.fromtimestamp(BEGAN + second, UTC).isoformat(timespec="milliseconds")
        position = len(self.events) + 1
        body = {"position": position, "name": name, "at": when, "data": data}
        self.events.append(StreamEvent({**body, "completion_id": COMPLETION}))
        return position

    def asks(self, second: float, text: str) -> None:
        self.at(second, "thread.message_added", parts=[{"content": text}])

    def types(self, second: float, text: str, *deltas: tuple[int, int], kind: str = "text") -> int:
        return self.at(second, "completion.chunk", kind=kind, text=text, deltas=deltas)

    def finishes(self, second: float) -> None:
        self.at(second, "completion.finished", answer={})

    async def __aiter__(self) -> AsyncIterator[StreamEvent]:
        for event in self.events:
            yield event


async def typed(story: Story, *, speed: float = 1.0) -> list[tuple[float, str]]:
    """Each piece, and the second of the replay's own clock at which it was written."""
    now = 0.0
    pieces: list[tuple[float, str]] = []

    async def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    def write(text: str) -> None:
        pieces.append((round(now, 6), text))

    await play(story, speed=speed, sleep=sleep, write=write, colour=False)
    return pieces


def hello() -> Story:
    story = Story()
    story.asks(0, "Hi")
    story.at(0.5, "completion.started", attempt=1)
    story.types(1.2, "Hel", (3, 600))
    story.types(1.5, "lo you", (2, 150), (4, 200))
    story.finishes(1.6)
    return story


async def test_pieces_come_in_the_providers_boundaries_at_the_providers_times() -> None:
    assert await typed(hello()) == [
        (0, "> Hi\n"),
        (1.1, "Hel"),
        (1.25, "lo"),
        (1.45, " you"),
        (1.6, "\n"),
    ]


async def test_speed_divides_every_pause_and_zero_leaves_none() -> None:
    assert [when for when, _ in await typed(hello(), speed=2)] == [0, 0.55, 0.625, 0.725, 0.8]
    assert {when for when, _ in await typed(hello(), speed=0)} == {0}


async def test_long_pauses_are_shortened_between_turns_and_kept_inside_an_answer() -> None:
    story = hello()
    story.asks(3600, "Still there?")
    story.at(3601, "completion.started", attempt=1)
    story.types(3631, "Yes", (3, 30_000))
    story.finishes(3631)
    times = [when for when, _ in await typed(story)][-3:]
    begins = 1.6 + LONGEST_PAUSE_SECONDS
    assert times == [begins, begins + 31, begins + 31]


async def test_a_person_who_takes_days_is_waited_for_a_moment() -> None:
    story = Story()
    story.asks(0, "Delete it")
    story.at(1, "completion.started", attempt=1)
    story.at(2, "completion.tool_called", tool="delete", arguments={"path": "a\x1b[2J"})
    story.at(2, "completion.waiting", tool_call_ids=["1"])
    story.at(200_000, "completion.started", attempt=2)
    story.types(200_001, "Done", (4, 1000))
    pieces = await typed(story)
    assert pieces[1] == (2, "[delete {'path': 'a\\x1b[2J'}]")
    assert pieces[-1] == (2 + LONGEST_PAUSE_SECONDS + 1, "\nDone")


async def test_text_that_an_interruption_made_void_is_called_void() -> None:
    story = Story()
    story.asks(0, "Go on")
    story.at(0, "completion.started", attempt=1)
    kept = story.types(1, "Kept. ", (6, 1000))
    story.types(2, "Lost half", (9, 1000))
    story.at(3, "completion.interrupted", kept_through=kept, reason="worker_lost")
    story.at(4, "completion.started", attempt=2)
    story.types(5, "Found.", (6, 1000))
    text = "".join(piece for _, piece in await typed(story))
    assert text == (
        "> Go on\nKept. Lost half\n[interrupted, begun again: the last 9 characters are void]"
        "\nFound."
    )


async def test_queued_messages_appear_when_they_are_delivered_and_arguments_never() -> None:
    story = hello()
    story.at(0.6, "thread.message_queued", message_id="m", parts=[{"content": "And?"}])
    story.at(2, "thread.message_delivered", message_id="m")
    story.at(2, "completion.started", attempt=1)
    story.types(3, "hm", (2, 500), kind="reasoning")
    story.types(3, '{"a":1}', (7, 100), kind="tool_arguments")
    story.types(4, "So", (2, 900))
    assert [piece for _, piece in await typed(story)][-3:] == ["> And?\n", "hm", "\nSo"]


async def test_nothing_that_was_typed_reaches_the_terminal_as_a_command() -> None:
    story = Story()
    story.asks(0, "\x1b]0;title\x07 a\tb")
    story.at(0, "completion.started", attempt=1)
    story.types(1, "red \x1b[31m\r\n\x9b1m\u202e", (6, 0), (9, 5))
    text = "".join(piece for _, piece in await typed(story))
    assert text == "> ␛]0;title␇ a\tb\nred ␛[31m␍\n�1m�"
