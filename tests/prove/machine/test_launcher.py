"""What `threadlog up` does when its servers are killed, and they when it is."""

import os
import re

import psutil

from tests.system.client import connected, valid_text
from tests.system.test_newcomer import empty_folder, started


async def test_servers_that_die_are_started_again() -> None:
    with empty_folder() as folder:
        async with started(folder) as stack:
            key = (folder / "data" / "api_key").read_text().strip()
            async with connected(stack.url, key=key) as client:
                for name in ("postgres", "valkey-server"):
                    for process in stack.family():
                        if re.fullmatch(name, process.name()) and process.ppid() != os.getpid():
                            process.kill()
                await stack.ready()
                thread = await client.start("Still there?")
                seen = await client.until_end(thread["completion_id"], thread["thread_id"])
                assert seen[-1].name == "completion.finished"
                assert valid_text(seen, thread["completion_id"])


async def test_a_killed_launcher_takes_everything_with_it() -> None:
    with empty_folder() as folder:
        async with started(folder) as stack:
            family = stack.family()
            family[0].kill()
            _, alive = psutil.wait_procs(family, timeout=20)
            assert alive == []
