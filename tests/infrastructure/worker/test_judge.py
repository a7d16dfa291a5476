"""Which workers a sweeper takes for dead."""

from uuid import UUID

from infrastructure.worker.judge import GRACE_SECONDS, HUNG_SECONDS, Judge
from infrastructure.worker.open_runs import WorkerSeen

WORKER = UUID(int=1)


def seen(beat: int | None, *, locked: bool = True) -> list[WorkerSeen]:
    return [WorkerSeen(WORKER, beat, locked)]


def test_a_worker_without_its_lock_at_two_looks_is_dead() -> None:
    judge = Judge(now=0)
    assert judge.dead(seen(1, locked=False), now=0.0) == set()
    assert judge.dead(seen(1, locked=False), now=0.5) == {WORKER}


def test_a_worker_that_has_its_lock_again_is_alive() -> None:
    judge = Judge(now=0)
    judge.dead(seen(1, locked=False), now=0.0)
    assert judge.dead(seen(1), now=0.5) == set()
    assert judge.dead(seen(1, locked=False), now=1.0) == set()


def test_a_worker_whose_beat_stands_still_is_dead_in_the_end() -> None:
    judge = Judge(now=0)
    assert judge.dead(seen(1), now=0) == set()
    assert judge.dead(seen(1), now=HUNG_SECONDS - 0.1) == set()
    assert judge.dead(seen(1), now=HUNG_SECONDS) == {WORKER}


def test_a_worker_that_beats_is_alive_however_long() -> None:
    judge = Judge(now=0)
    for second in range(100):
        assert judge.dead(seen(second), now=second) == set()


def test_a_claim_of_a_worker_that_never_registered_is_dead() -> None:
    judge = Judge(now=0)
    judge.dead(seen(None, locked=False), now=0.0)
    assert judge.dead(seen(None, locked=False), now=0.5) == {WORKER}


def test_after_an_outage_nobody_is_judged_for_a_while() -> None:
    judge = Judge(now=0)
    judge.dead(seen(1, locked=False), now=0.0)
    judge.outage(now=1.0)
    assert judge.dead(seen(1, locked=False), now=1.5) == set()
    assert judge.dead(seen(1, locked=False), now=GRACE_SECONDS) == set()
    assert judge.dead(seen(1, locked=False), now=1.0 + GRACE_SECONDS) == {WORKER}
