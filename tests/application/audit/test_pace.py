"""When a replay shows what, in microseconds after its beginning."""

from application.audit.pace import Due, Pace

NOON = 1_795_348_800_000_000
SECOND = 1_000_000
PAUSE = 3 * SECOND


def test_pieces_count_from_the_claim_and_go_on_from_chunk_to_chunk() -> None:
    pace = Pace(longest_pause=PAUSE)
    pace.event("thread.message_added", NOON)
    claimed = pace.event("completion.started", NOON + SECOND)
    first = pace.pieces([600, 0])
    pace.event("completion.tool_called", NOON + SECOND + 700_000)
    second = pace.pieces([250])
    assert claimed == Due(SECOND, NOON + SECOND)
    assert [due.after for due in (*first, *second)] == [1_600_000, 1_600_000, 1_850_000]
    assert [due.at - NOON for due in (*first, *second)] == [1_600_000, 1_600_000, 1_850_000]


def test_a_new_claim_counts_anew() -> None:
    pace = Pace(longest_pause=PAUSE)
    pace.event("completion.started", NOON)
    pace.pieces([500])
    pace.event("completion.interrupted", NOON + SECOND)
    pace.event("completion.started", NOON + 2 * SECOND)
    assert pace.pieces([100]) == [Due(2_100_000, NOON + 2_100_000)]


def test_a_pause_is_cut_while_no_answer_is_under_way_and_kept_inside_one() -> None:
    for ending in ("completion.finished", "completion.waiting", "completion.interrupted"):
        pace = Pace(longest_pause=PAUSE)
        pace.event("completion.started", NOON)
        inside = pace.event(ending, NOON + 60 * SECOND)
        after = pace.event("thread.renamed", NOON + 3600 * SECOND)
        assert (inside.after, after.after) == (60 * SECOND, 63 * SECOND)
        assert after.at == NOON + 3600 * SECOND


def test_without_a_longest_pause_everything_takes_as_long_as_it_took() -> None:
    pace = Pace(longest_pause=None)
    pace.event("thread.started", NOON)
    assert pace.event("thread.renamed", NOON + 3600 * SECOND).after == 3600 * SECOND


def test_nothing_comes_before_what_stands_before_it() -> None:
    pace = Pace(longest_pause=PAUSE)
    pace.event("completion.started", NOON)
    pace.event("completion.tool_called", NOON + SECOND)
    late = pace.pieces([900])
    earlier = pace.event("tool.started", NOON + SECOND // 2)
    assert late == [Due(SECOND, NOON + 900_000)]
    assert earlier == Due(SECOND, NOON + SECOND // 2)
