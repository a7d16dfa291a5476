"""What a usual day costs, as far as it does not depend on the machine: nothing gets dearer unseen.

A slow machine makes fewer, larger appends and batches, never more; bounds that grow with the time
are there for what is done by the clock. One file, so that the day is lived once.
"""

from collections import Counter

import pytest

from tests.guards.answers import Chunks, Taken
from tests.guards.day import WATCHERS, Day

# Of a worker: the claim, the history.
LOG_READS = Counter(read_stream=1, read_thread_cold=1)
OTHER_APPENDS = 3  # it begins, it asks the model, it ends
OTHER_EVENTS = 9  # of an answer: three of the question, six around its chunks
# Checkpoint, three loads, four tables, and the end; of tool calls and search a load and a table,
# of operations three of each.
STATEMENTS_OF_A_BATCH = 19
READ_MODELS = 5  # each looks for itself

ENVELOPE_BYTES = 165  # of a chunk's state, without its text and the times of its pieces
PIECE_BYTES = 8  # its length and its milliseconds
EVENT_BYTES = 540  # in the table and its six indexes; most are chunks of 25 characters

WAKE_UP = Counter(xadd=1, xack=1, xdel=1, multi=1, exec=1)  # sent, taken and acknowledged

TABLES = {
    "threadlog.chat_events",
    "read_blue.threads",
    "read_blue.messages",
    "read_blue.completions",
}

MODELS = {"pydantic_ai", "pydantic_graph", "openai", "anthropic", "logfire_api"}
WEB = {"fastapi", "starlette", "uvicorn"}
REDIS = {"redis", "taskiq", "taskiq_redis"}
FILES = {"pyarrow"}  # written by no process that stays


def most_rows(chunks: Chunks) -> float:
    """The first piece, what is left at the end, and between them each row is due for a reason:

    256 characters were there, or the oldest had waited for 50 ms in the first second, then 100 ms.
    """
    young = min(chunks.seconds, 1.0)
    return 2 + chunks.characters / 256 + young / 0.05 + (chunks.seconds - young) / 0.1


def appends(taken: Taken) -> int:
    """Of the worker."""
    return taken.statements.counts("worker")["append"]


# PostgreSQL


def test_a_plain_answer_is_one_append_of_the_api_and_five_of_the_worker(day: Day) -> None:
    api = day.plain.statements.counts("api")
    assert api.pop("append") == 1, day.plain.statements.shown()
    assert api <= Counter(read_stream=1), "the key, looked at every ten seconds"
    assert appends(day.plain) <= OTHER_APPENDS + most_rows(day.plain.chunks)


def test_no_chunk_and_no_word_costs_a_read_of_the_log(day: Day) -> None:
    for taken in (day.plain, day.flood, day.paced):
        worker = taken.statements.counts("worker")
        del worker["append"]
        assert worker == LOG_READS, taken.statements.shown()


def test_a_thousand_pieces_at_once_are_written_by_the_quarter_thousand_characters(
    day: Day,
) -> None:
    chunks = day.flood.chunks
    assert chunks.pieces == 1000
    assert chunks.rows <= most_rows(chunks)
    assert appends(day.flood) <= OTHER_APPENDS + chunks.rows


def test_fifty_pieces_in_a_second_are_written_twenty_times_and_then_ten_times(day: Day) -> None:
    chunks = day.paced.chunks
    assert chunks.pieces == 150
    assert chunks.rows <= most_rows(chunks)
    assert appends(day.paced) <= OTHER_APPENDS + chunks.rows


def test_the_projector_sends_each_statement_once_in_a_batch(day: Day) -> None:
    for taken in (day.plain, day.flood, day.paced):
        projector = taken.statements.counts("projector")
        del projector["read_after_cold"]
        batches = projector["COMMIT;"]
        assert projector.pop("BEGIN;") <= batches + 1
        assert len(projector) <= STATEMENTS_OF_A_BATCH
        # A slow machine puts two rows of a table into one batch.
        assert max(projector.values()) <= batches + 2, taken.statements.shown()


def test_the_projector_looks_once_for_an_append_and_four_times_in_a_second(day: Day) -> None:
    for taken in (day.plain, day.flood, day.paced):
        projector = taken.statements.counts("projector")
        in_time = 2 + taken.seconds / 0.25
        assert projector["read_after_cold"] <= appends(taken) + READ_MODELS * in_time
        assert projector["COMMIT;"] <= READ_MODELS * (OTHER_APPENDS + in_time)


# Bytes


def test_a_chunk_is_its_text_the_times_of_its_pieces_and_a_short_envelope(day: Day) -> None:
    for chunks in (day.flood.chunks, day.paced.chunks):
        envelopes, times = ENVELOPE_BYTES * chunks.rows, PIECE_BYTES * chunks.pieces
        assert chunks.state_bytes <= envelopes + chunks.characters + times


def test_an_answer_is_nine_events_and_its_chunks(day: Day) -> None:
    assert day.paced.events - day.paced.chunks.rows == OTHER_EVENTS


def test_table_and_indexes_take_twice_the_bytes_of_what_is_in_them(day: Day) -> None:
    assert day.bytes_per_event <= EVENT_BYTES


# The relay


def test_an_answer_that_twenty_watch_costs_no_more_statements_than_one(day: Day) -> None:
    api, seconds = day.paced.statements.counts("api"), day.paced.seconds
    assert api.pop("append") == 1
    assert api.pop("thread_tails", 0) <= 2 + seconds / 2, "all tails at once, every two seconds"
    # The thread that is asked in; the key, every ten seconds; and where the message of what a tail
    # shows is late, all who watch read the log once.
    assert api.total() <= 3 + seconds / 2, day.paced.statements.shown()


def test_who_begins_to_watch_looks_at_the_thread_and_reads_a_page(day: Day) -> None:
    api = day.joining.counts("api")
    assert api.pop("append") == 1
    assert api.pop("read_stream") <= WATCHERS + 2, "the key, every ten seconds"
    assert api.pop("read_thread") <= WATCHERS + 1, "what the first one has missed meanwhile"
    assert api.keys() <= {"thread_tails"}, day.joining.shown()


def test_an_append_is_published_once_and_its_events_are_in_it_each_once(day: Day) -> None:
    for taken in (day.plain, day.flood, day.paced):
        appends = sum(taken.statements.counts(role)["append"] for role in ("api", "worker"))
        assert taken.messages == taken.redis["publish"] == appends
        assert taken.frames == taken.events


def test_redis_hears_of_an_answer_only_its_wake_up_and_its_messages(day: Day) -> None:
    for taken in (day.plain, day.flood, day.paced):
        assert taken.redis - WAKE_UP == Counter(publish=taken.messages)


def test_twenty_watchers_are_one_subscriber(day: Day) -> None:
    assert day.paced.subscribers == 1


# Plans


def test_no_statement_reads_a_large_table_from_its_first_row_on(day: Day) -> None:
    assert day.reads.keys() >= TABLES
    scanned = [read for read in day.reads.values() if read.name in TABLES and read.scans]
    assert not scanned, [scanned, day.suspects]


def test_no_plan_that_may_be_kept_reads_a_large_table_from_its_first_row_on(day: Day) -> None:
    assert not day.suspects


def test_the_whole_day_reads_less_than_half_of_any_index(day: Day) -> None:
    indexes = [read for read in day.reads.values() if read.name not in TABLES]
    assert len(indexes) > len(TABLES)
    assert not [index for index in indexes if index.read > index.rows / 2]


# Packages


@pytest.mark.parametrize(
    ("role", "needed", "never"),
    [
        ("api", WEB | REDIS, MODELS | FILES),
        ("projector", {"sqlalchemy", "asyncpg"}, MODELS | WEB | REDIS | FILES),
        ("worker", {"pydantic_ai", "openai"} | REDIS, {"anthropic", "uvicorn"}),
    ],
)
def test_a_process_loads_only_what_its_role_needs(
    day: Day, role: str, needed: set[str], never: set[str]
) -> None:
    assert needed <= day.imported[role]
    assert not never & day.imported[role]
