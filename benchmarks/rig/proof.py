"""What must be true of what a client saw, whatever the figures are."""

from collections.abc import Sequence

from benchmarks.rig.provider import Word, is_whole, words_in
from benchmarks.rig.wire import Received
from tests.system.client import ENDINGS, Client, Seen, sha256, valid_text


async def check_log(client: Client, thread: str, seen: Sequence[Seen], *, whole: bool) -> None:
    """The client got the public events of its thread as the log has them, in order, each once.

    `whole`: all of them; else up to where it stopped. AssertionError.
    """
    log = await client.public_log(thread)
    expected = log if whole else log[: len(seen)]
    assert [one.body for one in seen] == expected, f"thread {thread}: the client saw something else"


def check_answer(seen: Sequence[Seen], completion: str, *, words: int | None) -> list[Word]:
    """What is not void of the text is what the ending says; its words are not torn, each there.

    `words`: how many the finished answer has; None: it may have ended anywhere. AssertionError.
    """
    ending = next(one for one in seen if one.name in ENDINGS and of(one, completion))
    text = valid_text(seen, completion)
    assert ending.data["answer"]["sha256"] == sha256(text), "the text is not the ending's"
    said = words_in(text)
    if words is not None:
        assert ending.name == "completion.finished", ending.body
    assert is_whole(said, len(said) if words is None else words), "words are missing or doubled"
    return said


def of(one: Seen, completion: str) -> bool:
    """Is it an event of this completion?"""
    return one.body.get("completion_id") == completion


def chunk_texts(events: Sequence[Received]) -> list[tuple[Received, str]]:
    """The chunks of text with what they say."""
    chunks = [(one, one.seen) for one in events if one.name == "completion.chunk"]
    return [(one, seen.data["text"]) for one, seen in chunks if seen.data["kind"] == "text"]
