"""One short day of a house with a long past: what it asked of its servers, and what it loaded."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from infrastructure.embedded import EmbeddedPostgres, EmbeddedValkey
from tests.guards.answers import Taken, answered, watched
from tests.guards.filled import Filled, filled_database
from tests.guards.published import Listener, listening
from tests.guards.roles import ROLES, Roles, running
from tests.guards.scans import Read, reads, suspects
from tests.guards.statements import Statements
from tests.model_server import ModelServer, ask
from tests.servers import connected
from tests.system.client import Client
from tests.system.client import connected as client_of
from tests.system.stack import KEY

MODEL = "openai-chat:gpt-5"
PLAIN_WORDS = 20
FLOOD_WORDS = 1000
PACED_WORDS = 150
PACE_SECONDS = 0.02
WATCHERS = 20


@dataclass(frozen=True)
class Day:
    """What was seen."""

    plain: Taken  # a short answer, as fast as it comes
    flood: Taken  # a long one, as fast as it comes
    paced: Taken  # 50 words in a second, while many watch
    joining: Statements  # many begin to watch a new thread
    looks: Statements  # each read and command of the API
    imported: Mapping[str, set[str]]  # packages, by role, at the end of the day
    reads: Mapping[str, Read]  # by table or index
    suspects: list[str]  # statements that read one of these from its first row on
    bytes_per_event: float  # of the log, in table and indexes


async def spent(
    folder: Path, *, postgres: EmbeddedPostgres, valkey: EmbeddedValkey, provider: ModelServer
) -> Day:
    """Live the day."""
    filled = await filled_database(postgres)
    environment = {**provider.environment, "THREADLOG_MODEL": MODEL}
    processes = running(
        folder, environment, postgres=postgres, valkey=valkey, urls=(filled.url, filled.owner_url)
    )
    async with (
        processes as roles,
        listening(valkey.url) as listener,
        client_of(roles.url, key=KEY) as client,
    ):
        taken = partial(answered, roles=roles, listener=listener)
        began = roles.mark
        for _ in range(2):  # connections, prepared statements, blobs
            await taken(partial(client.start, ask(words=2)))
        plain = await taken(partial(client.start, ask(words=PLAIN_WORDS)))
        flood = await taken(partial(client.start, ask(words=FLOOD_WORDS)))
        joining, paced = await _before_many(client, roles, listener=listener)
        mark = roles.mark
        await _look_at_everything(client, listener)
        looks = await roles.statements(since=mark)
        whole = await roles.statements(since=began)
        imported = {role: roles.imported(role) for role in ROLES}
    found, suspected = await _scans(filled, whole)
    return Day(
        plain, flood, paced, joining, looks, imported, found, suspected, filled.bytes_per_event
    )


async def _before_many(
    client: Client, roles: Roles, *, listener: Listener
) -> tuple[Statements, Taken]:
    """Many come to a new thread, then an answer is typed in it."""
    mark = roles.mark
    async with watched(client, count=WATCHERS) as thread:
        joining = await roles.statements(since=mark)
        pace = ask(words=PACED_WORDS, gap_seconds=PACE_SECONDS)
        asking = partial(client.say, thread, pace)
        return joining, await answered(asking, roles=roles, listener=listener)


async def _scans(filled: Filled, day: Statements) -> tuple[dict[str, Read], list[str]]:
    """What was read in the day, and which of its statements might read a whole table."""
    async with connected(filled.owner_url) as owner:
        found = await reads(owner)
        # The projector's sessions do without such plans, whatever the planner would like.
        texts = day.texts("api") | day.texts("worker")
        return found, await suspects(owner, texts, tables=found)


async def _look_at_everything(client: Client, listener: Listener) -> None:
    """Every read of a conversation, and every command on one, while it is being answered."""
    issued = await client.post("/v1/keys", {"role": "auditor"})
    async with client_of(str(client.http.base_url), key=issued["key"]) as auditor:
        await auditor.get("/v1/threads")
        await auditor.get("/v1/search", q="something", limit=10)
    heard = len(listener.heard)
    async with watched(client, count=1) as thread_id:
        thread = f"/v1/threads/{thread_id}"
        asked = await client.say(thread_id, ask(words=None, gap_seconds=PACE_SECONDS))
        completion = f"/v1/completions/{asked['completion_id']}"
        await listener.until("completion.chunk", since=heard)
        queued = await client.say(thread_id, "And then?")
        await client.get("/v1/threads", limit=10)
        await client.get(
            "/v1/threads", limit=10, order="activity", active_after=asked["position"] - 1
        )
        await client.get("/v1/threads/count", active_after=asked["position"] - 1)
        await client.get("/v1/search", q="something -else", limit=10)
        await client.get("/v1/search", q="something", thread_id=thread_id)
        await client.get(thread, min_position=queued["position"])
        await client.get(f"{thread}/messages")
        await client.get(f"{thread}/messages", all=True)
        await client.get(f"{thread}/completions")
        await client.get(f"{thread}/tool-executions")
        await client.get(f"{thread}/events", limit=10)
        await client.get("/v1/events", limit=10, follow=thread_id)
        await client.get(completion)
        withdrawn = await client.http.delete(f"{thread}/messages/{queued['message_id']}")
        renamed = await client.http.patch(thread, json={"title": "Another one"})
        assert withdrawn.is_success, withdrawn.text
        assert renamed.is_success, renamed.text
        await client.post(f"{completion}/cancel")
