"""The test suite's model provider does what its scripts say, and sees what happens to it."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Generator

import httpx2
import pytest

from tests.model_server import ModelServer, Script, ask, until

PATHS = {"chat": "chat/completions", "responses": "responses", "anthropic": "messages"}


@pytest.fixture
def server() -> Generator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture
async def client() -> AsyncGenerator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(verify=False) as client:
        yield client


def request_body(prompt: str) -> dict[str, object]:
    return {
        "model": "m",
        "messages": [{"role": "user", "content": prompt}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


async def post(client: httpx2.AsyncClient, server: ModelServer, prompt: str) -> httpx2.Response:
    return await client.post(f"{server.url}/v1/chat/completions", json=request_body(prompt))


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
async def test_body_and_headers_are_kept_as_they_came(
    server: ModelServer, client: httpx2.AsyncClient, path: str
) -> None:
    said = b'[{"role":"user","content":"\xe2\x98\x83"}]'
    sent = (
        b'{ "model":"m",  "messages": %b, "input": %b, "stream": true, "max_tokens": 9,'
        b' "stream_options": {"include_usage": true} }' % (said, said)
    )
    answer = await client.post(f"{server.url}/v1/{path}", content=sent, headers={"x-test": "yes"})
    assert answer.status_code == 200
    assert server.exchanges[0].body == sent
    assert server.exchanges[0].headers["x-test"] == "yes"
    assert server.exchanges[0].end == "complete"


async def test_without_a_script_in_the_message_the_next_and_then_the_default_one_plays(
    server: ModelServer, client: httpx2.AsyncClient
) -> None:
    server.script = Script(text="default")
    server.next.extend([Script(status=500), Script(text="second")])
    answers = [await post(client, server, "Hello") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [500, 200, 200]
    assert "second" in answers[1].text
    assert "default" in answers[2].text
    assert "own" in (await post(client, server, ask(text="own"))).text


async def test_a_fault_can_mend_itself_after_some_tries(
    server: ModelServer, client: httpx2.AsyncClient
) -> None:
    prompts = [ask("one", status=503, times=2)] * 4 + [ask("two", status=503, times=2)]
    statuses = [(await post(client, server, prompt)).status_code for prompt in prompts]
    assert statuses == [503, 503, 200, 200, 503]


async def test_a_script_that_is_none_is_refused_with_a_reason(
    server: ModelServer, client: httpx2.AsyncClient
) -> None:
    answer = await post(client, server, ask(wrds=3))
    assert answer.status_code == 400
    assert "wrds" in answer.text


async def test_open_requests_are_counted_together_and_by_conversation(
    server: ModelServer, client: httpx2.AsyncClient
) -> None:
    async def hold(conversation: str) -> None:
        await post(client, server, ask(f"conversation:{conversation}", fault="stall"))

    held = [asyncio.create_task(hold(name)) for name in ("a", "a", "b")]
    await until(lambda: server.ledger.open_now == 3)
    assert server.ledger.open_by_key == {"a": 2, "b": 1}
    for task in held:
        task.cancel()
    await asyncio.wait(held)
    await until(lambda: server.ledger.open_now == 0)
    assert server.ledger.open_most == 3
    assert server.ledger.open_most_by_key == {"a": 2, "b": 1}
    assert {exchange.end for exchange in server.exchanges} == {"hung up"}


async def test_requests_that_follow_each_other_are_never_open_at_once(
    server: ModelServer, client: httpx2.AsyncClient
) -> None:
    url = f"{server.url}/v1/chat/completions"
    for n in range(100):
        prompt = ask("conversation:a", words=2) if n % 2 else ask("conversation:a", words=None)
        async with client.stream("POST", url, json=request_body(prompt)) as response:
            async for line in response.aiter_lines():
                if "[DONE]" in line or "w1 " in line:
                    break
    assert server.ledger.open_most_by_key["a"] == 1


async def test_an_exchange_has_ended_before_the_client_can_know(
    server: ModelServer, client: httpx2.AsyncClient
) -> None:
    url = f"{server.url}/v1/chat/completions"
    for _ in range(20):
        async with client.stream("POST", url, json=request_body(ask(words=1))) as response:
            async for line in response.aiter_lines():
                if "[DONE]" in line:
                    assert server.exchanges[-1].end == "complete"


async def test_words_keep_their_pace(server: ModelServer, client: httpx2.AsyncClient) -> None:
    began = time.monotonic()
    await post(client, server, ask(words=21, gap_seconds=0.01))
    assert 0.2 <= time.monotonic() - began < 5.0


async def test_a_cut_is_a_broken_response(server: ModelServer, client: httpx2.AsyncClient) -> None:
    with pytest.raises(httpx2.RemoteProtocolError):
        await post(client, server, ask(fault="cut", after=3))
    assert server.exchanges[0].frames == 3
    assert server.exchanges[0].end == "cut"


def test_it_runs_as_a_process_of_its_own() -> None:
    command = [sys.executable, "-m", "tests.model_server", "--script", '{"text": "from afar"}']
    question = {"model": "m", "input": "Hello", "stream": True}
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process,
        httpx2.Client(verify=False) as client,
    ):
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert "afar" in client.post(f"{url}/v1/responses", json=question).text
        client.post(f"{url}/script", json={"text": "otherwise"})
        assert "otherwise" in client.post(f"{url}/v1/responses", json=question).text
        summary = client.get(f"{url}/summary").json()
        assert (summary["total"], summary["open_now"]) == (2, 0)
        process.terminate()
        assert process.wait(10) is not None
