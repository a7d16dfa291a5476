"""Copies of the product, each broken in one place: what a storm must find."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.storm.apart import Apart
from tests.storm.deployment import Deployment, Together
from tests.storm.faults import Fault, flush, killing, pausing, wrong_clock
from tests.storm.link_faults import WORKERS, breaking

PRODUCT = Path(__file__).parents[2]
PACKAGES = ("domain", "application", "projections", "infrastructure", "interfaces")
APPEND = "infrastructure/migrations/0003_results_from_outside.sql"


@dataclass(frozen=True)
class Weather:
    """What falls upon a build, one thing after another."""

    faults: tuple[Fault, ...] = ()
    kind: type[Deployment] = Together
    pause_seconds: tuple[float, float] = (1.5, 4.0)


CALM = Weather()
WORKERS_DIE = Weather((Fault("kill -9 worker", killing("worker", one=True)),))
POSTGRES_PAUSES = Weather(
    (Fault("SIGSTOP PostgreSQL", pausing("postgres", seconds=(3.8, 4.2))),),  # refused after 3 s
    pause_seconds=(4.0, 5.0),
)
REDIS_FORGETS = Weather((Fault("kill -9 Redis", killing("valkey")), Fault("FLUSHALL", flush)))
WORKERS_ARE_CUT_OFF = Weather(
    (Fault("PostgreSQL link of a worker away", breaking("postgres", "away", whose=WORKERS)),), Apart
)
CLOCKS_JUMP = Weather((Fault("clock of PostgreSQL", wrong_clock("postgres")),), Apart)


@dataclass(frozen=True)
class Build:
    """`old` stands once in `file`; with `new` in its place, `caught_by` must be broken."""

    says: str
    caught_by: tuple[str, ...]
    file: str
    old: str
    new: str
    weather: Weather = CALM


BUILDS: tuple[Build, ...] = (
    Build(
        says="positions are given out and not used, as a sequence's are",
        caught_by=("positions_are_dense",),
        file=APPEND,
        old="last := coalesce(last, 0);",
        new="last := coalesce(last, 0) + (random() < 0.01)::int;",
    ),
    Build(
        says="the end of a turn takes the version after its own",
        caught_by=("versions_are_dense",),
        file=APPEND,
        old="versions[x.s] + x.o, x.topic",
        new="versions[x.s] + x.o + (x.topic LIKE 'thread.turn_ended@%')::int, x.topic",
    ),
    Build(
        says="the clock is believed",
        caught_by=("time_never_falls",),
        file=APPEND,
        old="greatest(clock_timestamp(), e.recorded_at)",
        new="clock_timestamp()",
        weather=CLOCKS_JUMP,
    ),
    Build(
        says="some appends are acknowledged, shown, and rolled back",
        caught_by=("nothing_acknowledged_is_lost", "nothing_seen_is_made_up"),
        file="infrastructure/event_log/committer.py",
        old="answer = await batch.send(connection)",
        new="await connection.execute('BEGIN'); answer = await batch.send(connection); "
        "await connection.execute(__import__('random').choice(['COMMIT'] * 9 + ['ROLLBACK']))",
    ),
    Build(
        says="what Redis loses is not read from the log",
        caught_by=("streams_are_exact",),
        file="infrastructure/relay/feed.py",
        old="if self._window.is_behind and self._repair is None:",
        new="if False:",
        weather=REDIS_FORGETS,
    ),
    Build(
        says="nobody takes over from dead workers",
        caught_by=("every_answer_ends_once",),
        file="infrastructure/worker/sweeper.py",
        old="dead = self._judge.dead(seen, now=now) - {self._worker_id}",
        new="dead = set()",
        weather=WORKERS_DIE,
    ),
    Build(
        says="the fence is gone: any version may be appended",
        caught_by=("attempts_follow_one_another",),
        file=APPEND,
        old="coalesce(tail.version, 0) IS DISTINCT FROM coalesce(s.want, tail.version)",
        new="false",
        weather=WORKERS_ARE_CUT_OFF,
    ),
    Build(
        says="a takeover keeps the half-typed text",
        caught_by=("text_is_of_one_attempt",),
        file="domain/completion.py",
        old="self.attempt, self.kept_through, after",
        new="self.attempt, 2**53, after",
        weather=WORKERS_DIE,
    ),
    Build(
        says="the first lost worker ends the answer",
        caught_by=("answers_end_for_a_reason",),
        file="domain/completion.py",
        old="AUTOMATIC_RETRIES = 2",
        new="AUTOMATIC_RETRIES = 0",
        weather=WORKERS_DIE,
    ),
    Build(
        says="no worker takes anything",
        caught_by=("much_has_happened",),
        file="application/claims.py",
        old="        if events is None:",
        new="        if True:",
    ),
    Build(
        says="a tool's result is recorded twice",
        caught_by=("one_result_for_each_call",),
        file="application/witness.py",
        old="self._journal.add(await self.result(event.part))",
        new="self._journal.add(*[await self.result(event.part)] * 2)",
    ),
    Build(
        says="a thread answers everything at once",
        caught_by=("one_answer_at_a_time",),
        file="domain/thread.py",
        old="if self.turn is None:\n            below",
        new="if True:\n            below",
    ),
    Build(
        says="what is asked of the model after a tool's result is not recorded",
        caught_by=("requests_were_recorded_first",),
        file="application/witness.py",
        old="await self._journal.commit(*self._take_held(), asking)",
        new="if asking.step < 2: await self._journal.commit(*self._take_held(), asking)",
    ),
    Build(
        says="a table looks at the clock",
        caught_by=("rebuilt_equals_live",),
        file="projections/threads.py",
        old="row.updated_at = moment(recorded)",
        new='row.updated_at = __import__("datetime").datetime.now(moment(recorded).tzinfo)',
    ),
    Build(
        says="a database that is away is our own fault",
        caught_by=("clients_have_no_complaints",),
        file="interfaces/http/problems.py",
        old="LogUnavailable: 503,",
        new="LogUnavailable: 500,",
        weather=POSTGRES_PAUSES,
    ),
    Build(
        says="what has ended stays in the queue now and then",
        caught_by=("nothing_is_left_over",),
        file=APPEND,
        old="DELETE FROM threadlog.open_runs r WHERE r.stream_id = event.stream_id;",
        new="DELETE FROM threadlog.open_runs r WHERE r.stream_id = event.stream_id"
        " AND random() < 0.9;",
    ),
)


def make(build: Build, place: Path) -> None:
    """Write the broken copy into the empty folder `place`."""
    for package in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(PRODUCT / package, place / package, ignore=ignored)
    file = place / build.file
    text = file.read_text()
    assert text.count(build.old) == 1, f"{build.file} has not once: {build.old}"
    file.write_text(text.replace(build.old, build.new))
