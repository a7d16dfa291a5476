"""A server stays as long as somebody uses it, and no longer, however its users end."""

from infrastructure.embedded.supervisor import alive
from tests.infrastructure.embedded.processes import (
    OtherProcess,
    Server,
    server_pid,
    stays,
    until,
    using,
)


def test_a_second_process_attaches_to_the_server_of_the_first(server: Server) -> None:
    first = using(server)
    pid = server_pid(server)
    second = using(server)
    assert server_pid(server) == pid
    first.leave()
    second.leave()


def test_the_server_outlives_its_starter_while_another_uses_it(server: Server) -> None:
    starter = using(server)
    other = using(server)
    starter.kill()
    stays(server.ready, "the server answers")
    other.leave()


def test_the_server_ends_with_its_last_user(server: Server) -> None:
    first, last = using(server), using(server)
    pid = server_pid(server)
    first.leave()
    last.leave()
    until(lambda: not alive(pid), "the server has ended")


def test_the_server_ends_when_its_only_user_is_killed(server: Server) -> None:
    only = using(server)
    pid = server_pid(server)
    only.kill()
    until(lambda: not alive(pid), "the server has ended")


def test_stop_tells_whether_the_server_has_ended(server: Server) -> None:
    server.start()
    pid = server_pid(server)
    other = using(server)
    assert not server.stop()
    assert server.ready()
    other.leave()
    assert server.stop(wait_seconds=10)
    assert not alive(pid)


def test_starting_and_stopping_may_be_repeated(server: Server) -> None:
    assert server.stop()
    server.start()
    server.start()
    pid = server_pid(server)
    assert server.stop(wait_seconds=10)
    assert server.stop()
    server.start()
    assert server_pid(server) != pid


def test_eight_processes_that_start_at_once_get_one_server(new_server: Server) -> None:
    server = new_server
    processes = [OtherProcess(server.name, server.home) for _ in range(8)]
    assert [process.answer() for process in processes] == ["ready"] * 8
    pid = server_pid(server)
    log = (server.home / f"{server.name}.log").read_text()
    assert log.lower().count("ready to accept connections") == 1
    for process in processes:
        process.leave()
    until(lambda: not alive(pid), "the server has ended")
