"""The ten questions of docs/analytics.md, asked by a login of an analyst."""

import time

from benchmarks.rig.figures import Report, median
from benchmarks.rig.log_server import LogServer
from infrastructure import analysts
from infrastructure.event_log.connection import connected
from tests.infrastructure.analysts.test_questions import QUESTIONS

ROUNDS = 3


async def ask_all(report: Report, server: LogServer) -> None:
    """Tell how long each takes, the median of three, and whether one met the login's limit."""
    async with connected(server.owner_url) as owner, owner.transaction():
        made = await analysts.create(owner, "benchmark_analyst", texts=False)
    longest = 0.0
    async with connected(made.url(server.owner_url)) as analyst:
        for title, sql in QUESTIONS:
            seconds: list[float] = []
            for _ in range(ROUNDS):
                began = time.perf_counter()
                rows = await analyst.fetch(sql)
                seconds.append(time.perf_counter() - began)
            took = median([1000 * one for one in seconds], digits=0)
            report.fact(f"ms: {title}", [took, f"({len(rows)} rows)"])
            longest = max(longest, *seconds)
    report.goal("the slowest of the analysts' questions, s", longest, most=10)
