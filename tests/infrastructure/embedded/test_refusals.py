"""What a person at the terminal reads when an embedded server cannot be used."""

import pwd
from pathlib import Path

import pytest

from infrastructure.embedded import EmbeddedServerError
from infrastructure.embedded.account import server_account
from infrastructure.embedded.supervisor import alive
from tests.infrastructure.embedded.processes import (
    OtherProcess,
    Servers,
    server_pid,
    until,
    using,
)


def refusal(servers: Servers, name: str, **variables: str) -> str:
    process = OtherProcess(name, servers.data_dir, variables=variables)
    answer = process.answer()
    process.leave()
    return answer


def test_data_of_another_major_version(new_servers: Servers) -> None:
    old = new_servers.postgres(major=16)
    old.start()
    assert old.stop(wait_seconds=10)
    with pytest.raises(EmbeddedServerError) as refused:
        new_servers.postgres(major=18).start()
    assert f"{old.data} was made by PostgreSQL 16, and " in str(refused.value)
    assert "is 18." in str(refused.value)
    old.start()
    assert old.ready()


def test_a_postgres_older_than_16(servers: Servers, tmp_path: Path) -> None:
    program = tmp_path / "postgres"
    program.write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)'\n")
    program.chmod(0o755)
    answer = refusal(servers, "postgres", THREADLOG_PG_BIN=str(tmp_path))
    assert f"{program} is PostgreSQL 15.18, and Threadlog needs 16 or newer" in answer


def test_a_postgres_that_is_no_program(servers: Servers, tmp_path: Path) -> None:
    answer = refusal(servers, "postgres", THREADLOG_PG_BIN=str(tmp_path))
    assert f"{tmp_path / 'postgres'} does not run" in answer


def test_a_program_that_is_not_postgres(servers: Servers, tmp_path: Path) -> None:
    program = tmp_path / "postgres"
    program.write_text("#!/bin/sh\necho hello\n")
    program.chmod(0o755)
    answer = refusal(servers, "postgres", THREADLOG_PG_BIN=str(tmp_path))
    assert f"{program} does not say which PostgreSQL it is, but: hello" in answer


def test_a_major_version_that_is_not_there(servers: Servers) -> None:
    with pytest.raises(EmbeddedServerError, match=r"^no PostgreSQL 99 found"):
        servers.postgres(major=99).start()


def test_a_valkey_that_is_no_program(servers: Servers, tmp_path: Path) -> None:
    answer = refusal(servers, "valkey", THREADLOG_VALKEY_BIN=str(tmp_path / "none"))
    assert f"THREADLOG_VALKEY_BIN: {tmp_path / 'none'} is not a program" in answer


def test_a_user_id_without_a_passwd_entry() -> None:
    taken = {entry.pw_uid for entry in pwd.getpwall()}
    unknown = next(uid for uid in range(40_000, 60_000) if uid not in taken)
    with pytest.raises(EmbeddedServerError, match=f"user id {unknown} has no entry"):
        server_account(unknown)


def test_a_data_folder_that_is_a_file(new_servers: Servers) -> None:
    new_servers.data_dir.write_text("")
    with pytest.raises(EmbeddedServerError, match="is not a folder"):
        new_servers.valkey().start()


def test_a_missing_password_file(new_servers: Servers) -> None:
    server = new_servers.postgres()
    with pytest.raises(EmbeddedServerError, match=r"threadlog\.password is missing"):
        _ = server.url


def test_a_server_that_does_not_start_shows_its_own_words(servers: Servers) -> None:
    server = servers.postgres(settings={"fsync": "off", "shared_buffers": "plenty"})
    with pytest.raises(EmbeddedServerError, match='invalid value for parameter "shared_buffers"'):
        server.start()


def test_who_was_refused_does_not_keep_the_server_alive(servers: Servers) -> None:
    refused = servers.postgres(major=99)
    with pytest.raises(EmbeddedServerError):
        refused.start()
    other = using(refused)
    pid = server_pid(refused)
    other.leave()
    until(lambda: not alive(pid), "the server has ended")


def test_somebody_elses_socket_folder(new_servers: Servers) -> None:
    server = new_servers.valkey()
    server.socket_dir.symlink_to(new_servers.data_dir.parent)
    try:
        with pytest.raises(EmbeddedServerError, match=str(server.socket_dir)):
            server.start()
    finally:
        server.socket_dir.unlink()
