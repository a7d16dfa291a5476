"""The demo model's vocabulary: what it says about Threadlog, and an essay of any length."""

from collections.abc import Mapping
from itertools import cycle, islice

WELCOME = (
    "I am the demo model of Threadlog. I need no key and no network, and I know only one subject: "
    "the system you are using. Every word that you read here was an event in an append-only log "
    "before it reached you.\n\n"
    "Three things to try next:\n\n"
    "1. Cancel. Say “write 300 words slowly” and cancel me in the middle. What you have read "
    "stays, word for word.\n"
    "2. Resume. Drop the connection while I am speaking and come back with the last event id that "
    "you saw. You get exactly the rest.\n"
    "3. Replay. Read this thread's events from the first one. The log types our conversation "
    "again, at the pace at which it happened.\n\n"
    "You can also ask me to think first, to fail on purpose, or what you said before."
)

TOPICS: Mapping[str, str] = {
    r"\b(help|what can you do)\b": WELCOME,
    r"\bcancel": (
        "To cancel, POST to /v1/completions/{id}/cancel while I am answering. The words that you "
        "have seen are kept, nothing is added to them, and cancelling twice does no harm. Then "
        "write again: I will know how far I had come."
    ),
    r"\b(resume|reconnect)": (
        "To resume, open /v1/threads/{id}/events again with the header Last-Event-ID set to the "
        "last id that you saw. The ids are positions in the log, so this works an hour later, and "
        "from another machine: you get everything after that position, each event exactly once."
    ),
    r"\breplay": (
        "To replay, read /v1/threads/{id}/events without a cursor. Each chunk remembers where the "
        "model paused and for how long, so a reader can type the answer again as it came. No "
        "model is called: what was said is in the log."
    ),
    r"\bthreadlog\b": (
        "Threadlog is a chat backend that keeps every word. A message goes in, an agent answers it "
        "in a background worker, and every change is an event in one append-only log. All that "
        "you see, this stream included, is derived from that log. Ask me about cancel, resume or "
        "replay."
    ),
}

HINTS = (
    "Did you know that you can ask “how many messages have you seen?” I answer from the history, "
    "and the history comes from the log.",
    "Try this: say “write 300 words slowly”, and cancel me before I am done.",
    "Try this: reload while I am speaking. You will miss nothing, and see nothing twice.",
    "Try this: send two messages at once. The second waits for its turn, in the log.",
    "Try this: say “think first”, and watch the reasoning arrive before the answer.",
)

SENTENCES = (
    "A log is the simplest memory there is: things are written down in the order in which they "
    "happen, and nothing is ever rubbed out.",
    "Whoever wants to know the present reads the past and adds it up.",
    "That is all a balance is, and all that the state of a conversation is.",
    "When the reader stumbles, nothing is lost, because the reader kept nothing of its own.",
    "It remembers one number, the position that it has read to, and starts again from there.",
    "When two readers disagree, the log decides.",
    "A table that was built wrongly is thrown away and built anew, and the truth does not move.",
    "A word that was spoken stays spoken, even when the speaker was cut off in the middle of it.",
    "An answer can be watched as it is typed, or a year later, and it is the same answer.",
    "The price is discipline: what is not in the log did not happen, so it is written first.",
    "In return there is one place to look, one order of events, and no quarrel about who saw what.",
)


def essay(words: int) -> str:
    """Exactly that many words, at least one."""
    sentences = (word for sentence in cycle(SENTENCES) for word in sentence.split())
    chosen = list(islice(sentences, max(words, 1)))
    return " ".join(chosen).rstrip(".,;:") + "."
