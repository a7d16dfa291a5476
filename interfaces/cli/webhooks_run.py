"""What `threadlog webhooks` does, over the HTTP API."""

import argparse
from collections.abc import AsyncGenerator

from infrastructure.settings import Settings
from interfaces.cli.client import Client, Json, connected, exit_code_of
from interfaces.cli.printable import one_line

SHOWN_CHARACTERS = 200


def webhooks(settings: Settings, options: argparse.Namespace) -> int:
    """Exit code 0, or 1 with the reason."""
    return exit_code_of(_run(settings, options))


async def _run(settings: Settings, options: argparse.Namespace) -> int:
    async with connected(settings) as client:
        match options.action:
            case "list":
                await _list(client)
            case "add":
                await _add(client, options)
            case "drop":
                await client.call("DELETE", f"/webhooks/{options.webhook}")
            case "enable" | "disable":
                change = {"enabled": options.action == "enable"}
                await client.call("PATCH", f"/webhooks/{options.webhook}", change)
            case "secret":
                rotated = await client.call("POST", f"/webhooks/{options.webhook}/secret")
                print(f"the new secret, shown once:\n{rotated['secret']}")
            case "test":
                return await _test(client, options)
            case "deliveries":
                await _deliveries(client, options)
            case "retry":
                await client.call("POST", f"/webhooks/{options.webhook}/retry")
            case _:
                after = {"after": options.after}
                await client.call("POST", f"/webhooks/{options.webhook}/replay", after)
    return 0


async def _list(client: Client) -> None:
    async for one in _items(client, "/webhooks?"):
        state = "enabled" if one["enabled"] else f"disabled ({one['reason'] or 'by hand'})"
        counts = f"{one['pending']} pending, {one['dead']} dead"
        name = _line(one["name"] or "")
        print(f"{one['id']}  {state}, at {one['position']}, {counts}  {_line(one['url'])}  {name}")


async def _add(client: Client, options: argparse.Namespace) -> None:
    wanted = {
        "url": options.url,
        "names": options.names,
        "all_threads": options.all_threads,
        "name": options.name,
    }
    made = await client.call("POST", "/webhooks", wanted)
    print(f"webhook {made['webhook_id']}; its secret, shown once:\n{made['secret']}")


async def _test(client: Client, options: argparse.Namespace) -> int:
    tried = await client.call("POST", f"/webhooks/{options.webhook}/test")
    what = tried["error"] or f"HTTP {tried['status']}"
    print(f"arrived: {what}" if tried["arrived"] else f"not arrived: {what}")
    return 0 if tried["arrived"] else 1


async def _deliveries(client: Client, options: argparse.Namespace) -> None:
    state = f"state={options.state}&" if options.state else ""
    async for one in _items(client, f"/webhooks/{options.webhook}/deliveries?{state}"):
        due = f"due {one['due_at']}" if one["due_at"] else ""
        why = _line(one["error"] or "")
        print(
            f"{one['position']}  {one['thread_id']}  {one['state']:7}"
            f"  {one['attempts']} tries  {why}  {due}".rstrip()
        )


async def _items(client: Client, path: str) -> AsyncGenerator[Json]:
    cursor: str | None = ""
    while cursor is not None:
        page = await client.call("GET", f"{path}limit=1000&cursor={cursor}")
        for item in page["items"]:
            yield item
        cursor = page["next"]


def _line(text: str) -> str:
    return one_line(text, characters=SHOWN_CHARACTERS)
