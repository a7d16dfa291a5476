"""`threadlog sign-in`: a link that signs a browser in, once."""

import argparse
from typing import TYPE_CHECKING

from interfaces.cli.parsing import Commands, add

if TYPE_CHECKING:
    from infrastructure.settings import Settings


def add_to(commands: Commands) -> None:
    """`threadlog sign-in`."""
    add(commands, "sign-in", _sign_in, "print a link to the pages that works once, for an hour")


def _sign_in(_: argparse.Namespace) -> int:
    from interfaces.cli.client import exit_code_of  # noqa: PLC0415
    from interfaces.cli.settings import load_settings  # noqa: PLC0415

    return exit_code_of(_print(load_settings()))


async def _print(settings: "Settings") -> None:
    from interfaces.cli.client import connected  # noqa: PLC0415

    async with connected(settings) as client:
        link = await client.call("POST", "/sign-in-links")
    print(f"http://{settings.host}:{settings.port}{link['path']}")
