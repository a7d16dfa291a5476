"""After any death of a server or its supervisor the next start finds everything in order."""

import os
import shutil
import signal
import subprocess
from collections.abc import Generator
from contextlib import contextmanager, suppress

import psutil

from infrastructure.embedded.supervisor import alive
from tests.infrastructure.embedded.processes import (
    Server,
    Servers,
    kill,
    server_pid,
    supervisor_pid,
    until,
    using,
)
from tests.servers import connected, redis_client


async def test_a_killed_postgres_is_started_again_with_what_was_committed(servers: Servers) -> None:
    server = servers.postgres()
    server.start()
    async with connected(server.owner_url) as connection:
        await connection.execute("create table kept as select 42 as answer")
    kill(server_pid(server))
    server.start()
    async with connected(server.owner_url) as connection:
        assert await connection.fetchval("select answer from kept") == 42


async def test_a_postgres_that_cannot_end_is_killed_and_starts_again(servers: Servers) -> None:
    server = servers.postgres(patience_seconds=0.5)
    server.start()
    async with connected(server.owner_url) as connection:
        await connection.execute("create table safe as select 42 as answer")
    postmaster = psutil.Process(server_pid(server))
    postmaster.suspend()
    below = postmaster.children(recursive=True)
    for process in below:
        with suppress(psutil.NoSuchProcess):  # it was on its way out
            process.suspend()
    assert server.stop(wait_seconds=20)
    gone, alive = psutil.wait_procs(below, 10)
    assert (len(gone), alive) == (len(below), [])
    server.start()
    async with connected(server.owner_url) as connection:
        assert await connection.fetchval("select answer from safe") == 42


async def test_a_postgres_of_which_one_process_dies_ends_whole_and_starts_again(
    servers: Servers,
) -> None:
    server = servers.postgres()
    server.start()
    postmaster = psutil.Process(server_pid(server))
    [writer] = [one for one in postmaster.children() if "background writer" in one.cmdline()[0]]
    writer.kill()
    _, alive = psutil.wait_procs([postmaster], 20)
    assert not alive
    server.start()
    async with connected(server.owner_url) as connection:
        assert await connection.fetchval("select 42") == 42


async def test_a_killed_valkey_is_started_again_with_what_was_written(servers: Servers) -> None:
    server = servers.valkey()
    server.start()
    async with redis_client(server.url) as redis:
        await redis.set("answer", 42)
    kill(server_pid(server))
    server.start()
    async with redis_client(server.url) as redis:
        assert await redis.get("answer") == b"42"


def test_a_server_killed_with_its_users_and_supervisor_starts_again(server: Server) -> None:
    user = using(server)
    for pid in (supervisor_pid(server), server_pid(server)):
        kill(pid)
    user.kill()
    server.start()
    assert server.ready()


def test_an_orphan_gets_a_new_supervisor_and_ends_with_its_last_user(server: Server) -> None:
    user = using(server)
    orphan = server_pid(server)
    kill(supervisor_pid(server))
    user.kill()
    server.start()
    assert server_pid(server) == orphan
    assert server.stop(wait_seconds=10)
    assert not alive(orphan)


def test_an_orphan_in_use_gets_a_new_supervisor_from_its_user(server: Server) -> None:
    server.start()
    orphan = server_pid(server)
    kill(supervisor_pid(server))
    server.start()
    assert alive(supervisor_pid(server))
    assert server_pid(server) == orphan


def test_an_adopted_orphan_that_is_killed_is_started_again(server: Server) -> None:
    server.start()
    kill(supervisor_pid(server))
    server.start()
    kill(server_pid(server))
    server.start()
    assert server.ready()


def test_pid_files_that_name_another_live_process_are_stale(servers: Servers) -> None:
    server = servers.postgres()
    server.start()
    files = [server.data / "postmaster.pid", server.socket_dir / f"{server.socket_name}.lock"]
    texts = [file.read_text() for file in files]
    pid = server_pid(server)
    assert server.stop(wait_seconds=10)
    with bystander(server) as other:
        for file, text in zip(files, texts, strict=True):
            file.write_text(text.replace(str(pid), str(other), 1))
            file.chmod(0o600)
            os.chown(file, server.data.stat().st_uid, server.data.stat().st_gid)
        server.start()
        assert alive(other)
        assert server.ready()


def test_a_server_whose_socket_was_removed_is_replaced(server: Server) -> None:
    server.start()
    pid = server_pid(server)
    shutil.rmtree(server.socket_dir)
    server.start()
    assert server.ready()
    assert not alive(pid)


def test_a_terminated_supervisor_takes_its_server_with_it(server: Server) -> None:
    server.start()
    pid = server_pid(server)
    os.kill(supervisor_pid(server), signal.SIGTERM)
    until(lambda: not alive(pid), "the server has ended")
    server.start()
    assert server.ready()


@contextmanager
def bystander(server: Server) -> Generator[int]:
    owner = server.data.stat()
    with subprocess.Popen(["sleep", "60"], user=owner.st_uid, group=owner.st_gid) as process:
        yield process.pid
        process.kill()
