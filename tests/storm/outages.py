"""PostgreSQL gone, frozen for half as long, and Redis gone, while twenty answers run."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import inf

import httpx2

from tests.model_server import ask
from tests.storm.figures import Figures
from tests.storm.machines import Machines
from tests.system.client import Client, Seen, connected, sha256, valid_text
from tests.system.stack import KEY, eventually

ANSWERS = 20
GAP_SECONDS = 0.1
BETWEEN_SECONDS = 6.0
COMMAND_SECONDS = 3.0
BUSY_SECONDS = 1.0  # what the two cores of this machine may add to it
RECOVERY_SECONDS = 10.0
LATENESS_SECONDS = 2.0
FROZEN_SECONDS = 8.0  # at least: fewer leave no time for commands
NAMES = {"gone": "PostgreSQL gone", "frozen": "PostgreSQL frozen", "redis": "Redis gone"}


@dataclass
class Answer:
    """One long answer and its reader. `late`: when each event came, and how much after it was."""

    thread_id: str
    completion_id: str
    seen: list[Seen] = field(default_factory=list[Seen])
    late: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    connections: int = 0
    task: asyncio.Task[None] | None = None


async def prove_outages(figures: Figures, machines: Machines, *, seconds: float) -> None:
    """The same twenty answers live through all of it. Frozen lasts half of `seconds`."""
    frozen = max(seconds / 2, FROZEN_SECONDS)
    words = int((2 * seconds + frozen + 3 * BETWEEN_SECONDS + 15) / GAP_SECONDS)
    async with (
        connected(machines.apis[0], key=KEY) as first,
        connected(machines.apis[1], key=KEY) as second,
    ):
        answers = [await _begin(first, words=words) for _ in range(ANSWERS)]
        for number, answer in enumerate(answers):
            client = (first, second)[number % 2]
            answer.task = asyncio.create_task(_follow(client, answer))
        await eventually(lambda: all(answer.late for answer in answers), seconds=30)
        await _without_postgres(figures, machines, answers, how="gone", seconds=seconds)
        await _without_postgres(figures, machines, answers, how="frozen", seconds=frozen)
        await _without_redis(figures, machines, answers, seconds=seconds)
        await asyncio.wait_for(asyncio.gather(*(_task(answer) for answer in answers)), 240)
    _tell_answers(figures, answers, words=words)


async def _without_postgres(
    figures: Figures, machines: Machines, answers: Sequence[Answer], *, how: str, seconds: float
) -> None:
    before = [answer.connections for answer in answers]
    began = time.monotonic()
    if how == "gone":
        machines.link.postgres.shut()
    else:
        machines.link.postgres.hold()
    statuses, longest = await _commands_until(machines, began + seconds)
    await machines.link.postgres.heal()
    back = time.monotonic()
    recovered = await asyncio.gather(*(_serves(api, back) for api in machines.apis))
    await eventually(lambda: all(answer.late[-1][0] > back for answer in answers), seconds=60)
    live = max(next(at for at, _ in answer.late if at > back) for answer in answers) - back
    name = f"{NAMES[how]} for {seconds:.0f} s"
    only_503 = set(statuses) == {503}
    figures.tell(f"{name}: commands", dict(statuses), promised="503 only", kept=only_503)
    limit = COMMAND_SECONDS + BUSY_SECONDS
    figures.at_most(f"{name}: the longest answer to one", longest, limit, unit=" s")
    figures.at_most(f"{name}: commands again after", max(recovered), RECOVERY_SECONDS, unit=" s")
    figures.at_most(f"{name}: all streams go on after", live, RECOVERY_SECONDS, unit=" s")
    cut = sum(answer.connections for answer in answers) - sum(before)
    figures.equal(f"{name}: streams cut", cut, 0)
    await asyncio.sleep(BETWEEN_SECONDS)


async def _commands_until(machines: Machines, ends_at: float) -> tuple[Counter[int], float]:
    """One new thread a second at each API; the statuses, and how long the slowest took."""
    statuses: Counter[int] = Counter()
    longest = 0.0

    async def command(http: httpx2.AsyncClient, api: str) -> None:
        nonlocal longest
        asked = time.monotonic()
        answer = await http.post(f"{api}/v1/threads", json={"message": {"text": "hello"}})
        longest = max(longest, time.monotonic() - asked)
        statuses[answer.status_code] += 1
        assert (await http.get(f"{api}/livez")).status_code == 200

    async with (
        httpx2.AsyncClient(headers=_headers(), timeout=30) as http,
        asyncio.TaskGroup() as tasks,
    ):
        while time.monotonic() < ends_at - COMMAND_SECONDS - 1:
            for api in machines.apis:
                tasks.create_task(command(http, api))
            await asyncio.sleep(1.0)
    await asyncio.sleep(max(0.0, ends_at - time.monotonic()))
    return statuses, longest


async def _serves(api: str, since: float) -> float:
    async with httpx2.AsyncClient(headers=_headers(), timeout=30) as http:

        async def accepted() -> bool:
            return (await http.post(f"{api}/v1/threads", json={})).is_success

        await eventually(accepted, seconds=60, every_seconds=0.1)
    return time.monotonic() - since


async def _without_redis(
    figures: Figures, machines: Machines, answers: Sequence[Answer], *, seconds: float
) -> None:
    before = [answer.connections for answer in answers]
    began = time.monotonic()
    machines.link.redis.shut()
    async with connected(machines.apis[0], key=KEY) as client:
        asked = time.monotonic()
        new = await client.start(ask(words=5))
        await client.until_end(new["completion_id"], new["thread_id"])
        short = time.monotonic() - asked
    await asyncio.sleep(max(0.0, began + seconds - time.monotonic()))
    healed = time.monotonic()
    await machines.link.redis.heal()
    await eventually(lambda: all(_goes_on(answer, healed) for answer in answers), seconds=60)
    await asyncio.sleep(BETWEEN_SECONDS)
    name = f"{NAMES['redis']} for {seconds:.0f} s"
    figures.at_most(f"{name}: a new short answer takes", short, 4.0, unit=" s")
    _tell_late(figures, answers, name=name, began=began, healed=healed)
    cut = sum(answer.connections for answer in answers) - sum(before)
    figures.equal(f"{name}: streams cut", cut, 0)


def _goes_on(answer: Answer, since: float) -> bool:
    return _task(answer).done() or answer.late[-1][0] > since


def _tell_late(
    figures: Figures, answers: Sequence[Answer], *, name: str, began: float, healed: float
) -> None:
    """Of the events that were said meanwhile, whenever they came."""
    meanwhile = [
        [(at, by) for at, by in answer.late if began < at - by < healed] for answer in answers
    ]
    silent = sum(not any(at < healed for at, _ in said) for said in meanwhile)
    late = sorted(by for said in meanwhile for _, by in said) or [inf]
    figures.equal(f"{name}: streams silent meanwhile", silent, 0)
    figures.tell(f"{name}: events said meanwhile", sum(map(len, meanwhile)))
    figures.at_most(f"{name}: the latest of them by", late[-1], LATENESS_SECONDS, unit=" s")
    figures.tell(f"{name}: half of them by at most", f"{late[len(late) // 2]:.2f} s")


def _tell_answers(figures: Figures, answers: Sequence[Answer], *, words: int) -> None:
    text = "".join(f"w{n} " for n in range(words))
    names = [[event.name for event in answer.seen] for answer in answers]
    whole = sum(
        valid_text(answer.seen, answer.completion_id) == text
        and answer.seen[-1].data["answer"]["sha256"] == sha256(text)
        for answer in answers
    )
    figures.equal(
        "answers finished", sum(seen[-1] == "completion.finished" for seen in names), ANSWERS
    )
    figures.equal(
        "- in their first attempt",
        sum(seen.count("completion.started") == 1 for seen in names),
        ANSWERS,
    )
    figures.equal(f"- with all their {words} words", whole, ANSWERS)


async def _begin(client: Client, *, words: int) -> Answer:
    started = await client.start(ask(words=words, gap_seconds=GAP_SECONDS))
    return Answer(started["thread_id"], started["completion_id"])


async def _follow(client: Client, answer: Answer) -> None:
    """To its end, over as many connections as that takes."""
    while True:
        answer.connections += 1
        after = answer.seen[-1].id if answer.seen else 0
        try:
            async for event in client.events(answer.thread_id, after=after):
                said = datetime.fromisoformat(event.body["at"]).timestamp()
                answer.late.append((time.monotonic(), time.time() - said))
                answer.seen.append(event)
                if event.name in (
                    "completion.finished",
                    "completion.failed",
                    "completion.cancelled",
                ):
                    return
        except (httpx2.TransportError, AssertionError):
            await asyncio.sleep(0.2)


def _task(answer: Answer) -> asyncio.Task[None]:
    assert answer.task is not None
    return answer.task


def _headers() -> dict[str, str]:
    return {"Authorization": f"Bearer {KEY}"}
