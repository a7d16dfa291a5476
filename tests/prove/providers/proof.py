"""`./do prove providers`: everything that a provider may do, as a table of outcomes.

Through the whole running product: the cases are those of tests/application/provider_cases.py, the
conversations those of provider_conversations.py. Afterwards `threadlog evidence` writes one
completion of each protocol again, from the log alone; and all that the conversations sent is
compared, byte for byte. Then cases/: on the engine alone, the same table, providers in trouble
that are asked again, and workers that die at each moment of a conversation.
"""

import asyncio
import hashlib
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from uuid import UUID

from application.evidence import Evidence, evidence_of
from infrastructure.event_log import PostgresBlobStore, PostgresEventLog
from infrastructure.settings import Settings
from interfaces.cli.servers import Servers
from tests.application.provider_agents import AGENTS
from tests.application.provider_cases import ANSWER_CHARACTERS, CASES, Case, Outcome, differences
from tests.application.provider_conversations import (
    CONVERSATIONS,
    Conversation,
    hold,
    lost_in_the_second_text,
)
from tests.model_server import Exchange, ModelServer, ask, until
from tests.model_server.client import MODELS
from tests.model_server.turn import Protocol
from tests.system.client import ENDINGS, Client, Seen, connected, valid_text
from tests.system.stack import KEY, Stack, running

PRODUCT = Path(__file__).parents[3]
ENGINE_CASES = Path(__file__).parent / "cases"
IDLE_SECONDS = 3
PROTOCOLS: tuple[Protocol, ...] = ("chat", "responses", "anthropic")


@dataclass(frozen=True)
class Result:
    """One case on one protocol."""

    case: Case
    protocol: Protocol
    seen: Outcome
    faults: list[str]
    completion_id: str


def main() -> int:
    """Print the tables. Exit code 1 when an answer ended otherwise than the cases say."""
    return max(asyncio.run(_prove()), _run_cases())


def _run_cases() -> int:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-n",
        "2",
        "--dist",
        "loadfile",
        str(ENGINE_CASES),
    ]
    return min(subprocess.run(command, cwd=PRODUCT, check=False).returncode, 1)


async def _prove() -> int:
    began = time.monotonic()
    with ModelServer() as provider:
        environment = {
            **provider.environment,
            "THREADLOG_MODEL": MODELS["chat"],
            "THREADLOG_AGENTS": AGENTS,
            "THREADLOG_IDLE_TIMEOUT_SECONDS": str(IDLE_SECONDS),
            "THREADLOG_ANSWER_CHARACTERS": str(ANSWER_CHARACTERS),
            "THREADLOG_WORKERS": "1",
            "THREADLOG_MODEL_RETRIES": "0",
        }
        async with running(environment) as stack, connected(stack.url, key=KEY) as client:
            columns = [_play_all(client, provider, protocol) for protocol in PROTOCOLS]
            results = [one for column in await asyncio.gather(*columns) for one in column]
            rebuilt = [await _evidence(stack, results, protocol) for protocol in PROTOCOLS]
            talks = await _talk_all(stack, client, provider)
        refused = list(provider.ledger.complaints)
        provider.ledger.complaints.clear()
    _print_table(results)
    _print_evidence(rebuilt)
    _print_talks(talks)
    faults = [
        f"{one.case.name}, {one.protocol}: {'; '.join(one.faults)}" for one in results if one.faults
    ]
    faults += [f"sent to a provider: {complaint}" for complaint in refused]
    said = [line for lines in rebuilt for line in lines]
    faults += [f"evidence: {line}" for line in said if not line.endswith(" equal")]
    faults += [f"{name}, {one.protocol}: {f}" for name, one in talks for f in one.faults]
    seconds = time.monotonic() - began
    print(f"\n{len(results)} answers, {len(talks)} conversations in {seconds:.0f} s,", end=" ")
    print(f"{len(faults)} faults")
    print("".join(f"- {fault}\n" for fault in faults), end="")
    return 1 if faults else 0


async def _play_all(client: Client, provider: ModelServer, protocol: Protocol) -> list[Result]:
    """One after the other; each is followed by a question that must be answered."""
    return [await _play(client, provider, protocol, case=case) for case in CASES]


async def _play(client: Client, provider: ModelServer, protocol: Protocol, *, case: Case) -> Result:
    before = len(provider.exchanges)
    message = {"text": case.question}
    started = await client.post("/v1/threads", {"agent": protocol, "message": message})
    thread, completion = started["thread_id"], started["completion_id"]
    seen = await client.until_end(completion, thread)
    exchanges = [one for one in provider.exchanges[before:] if one.protocol == protocol]
    outcome = _outcome(seen, completion, requests=len(exchanges))
    expected = case.at(protocol)
    expected = replace(expected, tools=("called",) * len(expected.tools))  # results are not public
    faults = differences(expected, outcome) + _untidy(seen, completion, exchanges)
    await until(lambda: all(exchange.end != "open" for exchange in exchanges))
    again = (await client.say(thread, ask("Again?", words=2)))["completion_id"]
    following = await client.until_end(again, thread, after=seen[-1].id)
    if following[-1].name != "completion.finished":
        faults.append(f"the next question ended as {following[-1].name}")
    return Result(case, protocol, outcome, faults, completion)


def _outcome(seen: Sequence[Seen], completion_id: str, *, requests: int) -> Outcome:
    last = seen[-1]
    chunks = [one.data for one in seen if one.name == "completion.chunk"]
    called = sum(one.name == "completion.tool_called" for one in seen)
    return Outcome(
        ending=last.name.removeprefix("completion."),
        text=valid_text(seen, completion_id),
        type=last.data.get("type"),
        retryable=last.data.get("retryable", False),
        status=last.data.get("status"),
        reasoning="".join(one["text"] for one in chunks if one["kind"] == "reasoning"),
        tools=("called",) * called,
        requests=requests,
    )


def _untidy(seen: Sequence[Seen], completion_id: str, exchanges: Sequence[Exchange]) -> list[str]:
    """What is wrong with the events themselves."""
    text = valid_text(seen, completion_id)
    answer = seen[-1].data["answer"]
    ids = [one.id for one in seen]
    checks = {
        "more than one ending": sum(one.name in ENDINGS for one in seen) == 1,
        "positions that do not grow": ids == sorted(set(ids)),
        "an ending with another text": answer["sha256"] == hashlib.sha256(text.encode()).hexdigest()
        and answer["characters"] == len(text),
        "tokens that were not counted once": seen[-1].name != "completion.finished"
        or (
            answer["usage"]["input_tokens"] == sum(one.input_tokens for one in exchanges)
            and answer["usage"]["output_tokens"] == sum(one.deltas for one in exchanges)
        ),
    }
    return [fault for fault, fine in checks.items() if not fine]


async def _evidence(stack: Stack, results: Sequence[Result], protocol: Protocol) -> list[str]:
    """What `threadlog evidence` says of each request of the longest answer, and of its failure."""
    of_protocol = [one for one in results if one.protocol == protocol]
    longest = max(of_protocol, key=lambda one: one.seen.requests)
    command = [sys.executable, "-m", "interfaces.cli", "evidence", longest.completion_id]
    environment = {**os.environ, "THREADLOG_DATA_DIR": str(stack.output.parent / "data")}
    done = await asyncio.to_thread(
        subprocess.run, command, env=environment, capture_output=True, text=True, check=False
    )
    lines = done.stdout.splitlines()
    if done.returncode or len(lines) != longest.seen.requests:
        lines.append(f"{len(lines)} lines, exit code {done.returncode}: {done.stderr.strip()}")
    return [f"{protocol}: {line}" for line in lines]


async def _talk_all(
    stack: Stack, client: Client, provider: ModelServer
) -> list[tuple[str, Conversation]]:
    """All that a protocol can do one after the other, then each loses its worker in mid-text."""

    async def column(protocol: Protocol) -> list[tuple[str, Conversation]]:
        return [(one.__name__, await hold(client, protocol, one)) for one in CONVERSATIONS]

    before = len(provider.exchanges)
    talks = [one for found in await asyncio.gather(*map(column, PROTOCOLS)) for one in found]
    lost = partial(lost_in_the_second_text, kill=lambda worker: stack.worker(worker).kill())
    name = lost_in_the_second_text.__name__
    talks += [(name, await hold(client, protocol, lost)) for protocol in PROTOCOLS]
    sent = Counter(one.body for one in provider.exchanges[before:])
    for _, talk in talks:
        talk.faults += [
            f"request {one.position}: {one.why_not or 'not what was sent'}"
            for one in await asyncio.to_thread(_rebuilt, stack, talk.completions)
            if not one.equal or not sent[one.body or b""]
        ]
    return talks


def _rebuilt(stack: Stack, completions: Sequence[str]) -> list[Evidence]:
    """In this process, which has no keys of any provider."""

    async def read(url: str) -> list[Evidence]:
        async with PostgresEventLog(url, connections=1) as log:
            blobs = PostgresBlobStore(log.reader.database)
            found = [await evidence_of(log, blobs, UUID(one)) for one in completions]
        return [one for each in found for one in each]

    with Servers(Settings(data_dir=stack.output.parent / "data")) as servers:
        return asyncio.run(read(servers.addresses.database))


def _print_talks(talks: Sequence[tuple[str, Conversation]]) -> None:
    print(f"\n| conversation | {' | '.join(PROTOCOLS)} |\n|---|{'---|' * len(PROTOCOLS)}")
    by_place = {(name, one.protocol): one for name, one in talks}
    for name in dict.fromkeys(name for name, _ in talks):
        cells = ["; ".join(by_place[name, one].faults) or "valid, equal" for one in PROTOCOLS]
        print(f"| {name.replace('_', ' ')} | {' | '.join(cells)} |")


def _print_table(results: Sequence[Result]) -> None:
    print(f"| case | {' | '.join(PROTOCOLS)} |\n|---|{'---|' * len(PROTOCOLS)}")
    by_place = {(one.case.name, one.protocol): one for one in results}
    for case in CASES:
        cells = [_cell(by_place[case.name, protocol]) for protocol in PROTOCOLS]
        print(f"| {case.name} | {' | '.join(cells)} |")


def _cell(result: Result) -> str:
    seen = result.seen
    kept = f", {len(seen.text)} characters" if seen.text else ""
    steps = f", {seen.requests} requests" if seen.requests > 1 else ""
    return f"{'**not as expected** ' if result.faults else ''}{seen}{kept}{steps}"


def _print_evidence(rebuilt: Sequence[Sequence[str]]) -> None:
    print("\nposition, attempt, step, model, sha256 as sent, sha256 as rebuilt; the last of each:")
    print("".join(f"- {lines[-1]}\n" for lines in rebuilt), end="")
