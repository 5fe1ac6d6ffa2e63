"""The server lives exactly as long as somebody uses it, however they end."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psycopg

from sync_engine.adapters.embedded import EmbeddedServer
from sync_engine.adapters.embedded.folders import Home
from tests.support.embedded import StartUser, wait_until_stopped
from tests.support.processes import Watch, parent_of


def test_the_server_goes_when_its_only_user_is_killed(home: Home, start_user: StartUser) -> None:
    user, told = start_user("persistent", str(home.path))
    with Watch(told["postmaster"]) as postmaster:
        user.kill()
        assert postmaster.ended()
    wait_until_stopped(home)


def test_the_server_goes_when_its_only_user_ends_without_closing(home: Home, start_user: StartUser) -> None:
    user, told = start_user("persistent", str(home.path))
    with Watch(told["postmaster"]) as postmaster:
        assert user.leave() == 0
        assert postmaster.ended()


def test_close_returns_after_the_server_has_stopped(home: Home) -> None:
    server = EmbeddedServer.persistent(home.path)
    pid = int((home.cluster / "postmaster.pid").read_text().split()[0])
    with Watch(pid) as postmaster:
        server.close()
        assert postmaster.ended(0)
    server.close()


def test_the_server_stays_until_the_second_user_has_gone(home: Home, start_user: StartUser) -> None:
    first, told = start_user("persistent", str(home.path))
    second, joined = start_user("persistent", str(home.path))
    assert joined["postmaster"] == told["postmaster"]
    assert joined["url"] == told["url"]
    with Watch(told["postmaster"]) as postmaster:
        first.kill()
        assert second.ask("SELECT 1") == [[1]]
        assert second.ask("close") == {}
        assert postmaster.ended(0)


def test_closing_does_not_wait_for_other_users(home: Home, start_user: StartUser) -> None:
    first, _ = start_user("persistent", str(home.path))
    second, _ = start_user("persistent", str(home.path))
    assert first.ask("close") == {}
    assert second.ask("SELECT 1") == [[1]]


def test_what_was_written_is_there_after_a_restart(home: Home) -> None:
    with EmbeddedServer.persistent(home.path) as server, psycopg.connect(server.url()) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    with EmbeddedServer.persistent(home.path) as server, psycopg.connect(server.url()) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_a_forked_child_that_closes_does_not_take_the_server_away(home: Home) -> None:
    with EmbeddedServer.persistent(home.path) as server:
        child = os.fork()
        if child == 0:
            server.close()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        with psycopg.connect(server.url()) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_ctrl_c_in_the_terminal_of_one_user_does_not_reach_the_server(home: Home, start_user: StartUser) -> None:
    first, told = start_user("persistent", str(home.path))
    second, _ = start_user("persistent", str(home.path))
    os.killpg(first.process.pid, signal.SIGINT)
    first.process.wait()
    assert second.ask("ensure")["postmaster"] == told["postmaster"]
    assert os.getsid(told["postmaster"]) != told["session"]


def test_an_ephemeral_folder_is_removed_at_the_end() -> None:
    with EmbeddedServer.ephemeral() as server, psycopg.connect(server.url()) as connection:
        row = connection.execute("SELECT current_setting('data_directory'), current_setting('fsync')").fetchone()
        assert row is not None
        folder = Path(row[0]).parent
        assert row[1] == "off"
    assert not folder.exists()


def test_an_ephemeral_folder_is_removed_when_its_user_is_killed(start_user: StartUser) -> None:
    user, told = start_user("ephemeral")
    with Watch(told["postmaster"]) as postmaster, Watch(parent_of(told["postmaster"])) as supervisor:
        user.kill()
        assert postmaster.ended()
        assert supervisor.ended()
    assert not Path(told["home"]).exists()


def test_an_ephemeral_folder_whose_supervisor_was_killed_too_is_removed_by_the_next_server(
    start_user: StartUser,
) -> None:
    user, told = start_user("ephemeral")
    with Watch(told["postmaster"]) as postmaster, Watch(parent_of(told["postmaster"])) as supervisor:
        supervisor.kill()
        user.kill()
        assert postmaster.ended()
    with EmbeddedServer.ephemeral():
        assert not Path(told["home"]).exists()
