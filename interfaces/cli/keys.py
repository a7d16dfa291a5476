"""`threadlog keys`: list, issue and revoke API keys over the HTTP API."""

import argparse

from domain.ids import uuid7
from infrastructure.settings import Settings
from interfaces.cli.client import Client, connected, exit_code_of


def keys(settings: Settings, options: argparse.Namespace) -> int:
    """Exit code 0, or 1 with the reason."""
    return exit_code_of(_run(settings, options))


async def _run(settings: Settings, options: argparse.Namespace) -> None:
    async with connected(settings) as client:
        if options.action == "list":
            await _list(client, options.user)
        elif options.action == "issue":
            await _issue(client, options)
        else:
            await client.call("DELETE", f"/keys/{options.key_id}{_of(options.user)}")


def _of(user: str | None) -> str:
    return f"?user_id={user}" if user else ""


async def _list(client: Client, user: str | None) -> None:
    listed = await client.call("GET", f"/keys{_of(user)}")
    for key in listed["items"]:
        state = "revoked" if key["revoked"] else key["expires_at"] or "valid"
        print(f"{key['id']}  {key['prefix']}…  {key['role']:8} {state:8} {key['name'] or ''}")


async def _issue(client: Client, options: argparse.Namespace) -> None:
    wanted = {
        "user_id": options.user or str(uuid7()),
        "role": options.role,
        "name": options.name,
    }
    issued = await client.call("POST", "/keys", wanted)
    print(f"user {issued['user_id']}, {options.role}; the key, shown once:\n{issued['key']}")
