"""Whatever is killed, at whatever moment, the next start gives a whole server."""

from __future__ import annotations

import contextlib
import os
import select
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from sync_engine.adapters.embedded import EmbeddedServer, find_binaries
from sync_engine.adapters.embedded.account import server_uid
from sync_engine.adapters.embedded.folders import Home
from sync_engine.errors import DatabaseUnavailable
from tests.support.embedded import StartUser, wait_until_stopped
from tests.support.processes import DEADLINE, Watch, fifo, parent_of, read_line

WRITE = "CREATE TABLE kept AS SELECT 42 AS answer"
READ = "SELECT answer FROM kept"


def test_a_killed_postmaster_is_started_again_with_its_data(home: Home, start_user: StartUser) -> None:
    user, told = start_user("persistent", str(home.path))
    user.ask(WRITE)
    with Watch(told["postmaster"]) as postmaster:
        postmaster.kill()
    again = user.ask("ensure")
    assert again["postmaster"] != told["postmaster"]
    assert again["url"] == told["url"]
    assert user.ask(READ) == [[42]]


def test_backends_that_outlive_their_postmaster_do_not_hinder_the_next_one(
    home: Home, start_user: StartUser
) -> None:
    user, told = start_user("persistent", str(home.path))
    with contextlib.closing(psycopg.connect(told["url"], autocommit=True)) as busy:
        # A loop that never waits does not notice that the postmaster is gone.
        busy.pgconn.send_query(b"DO $$ BEGIN RAISE NOTICE 'looping'; LOOP END LOOP; END $$")
        assert select.select([busy.fileno()], [], [], DEADLINE)[0]
        with Watch(busy.info.backend_pid) as backend, Watch(told["postmaster"]) as postmaster:
            postmaster.kill()
            assert user.ask("ensure")["postmaster"] != told["postmaster"]
            assert backend.ended(0)


def test_a_killed_supervisor_takes_its_server_along_and_is_replaced(home: Home, start_user: StartUser) -> None:
    user, told = start_user("persistent", str(home.path))
    user.ask(WRITE)
    with Watch(told["postmaster"]) as postmaster, Watch(parent_of(told["postmaster"])) as supervisor:
        supervisor.kill()
        if sys.platform.startswith("linux"):
            assert postmaster.ended()
        assert user.ask("ensure")["url"] == told["url"]
        assert postmaster.ended()
    assert user.ask(READ) == [[42]]


def test_all_killed_at_once(home: Home, start_user: StartUser) -> None:
    user, told = start_user("persistent", str(home.path))
    user.ask(WRITE)
    with Watch(told["postmaster"]) as postmaster, Watch(parent_of(told["postmaster"])) as supervisor:
        postmaster.kill()
        supervisor.kill()
        user.kill()
    with EmbeddedServer.persistent(home.path) as server, psycopg.connect(server.url()) as connection:
        assert connection.execute(READ).fetchone() == (42,)


def test_a_lock_file_with_the_pid_of_another_program_does_not_hinder_a_start(home: Home) -> None:
    pid_file = home.cluster / "postmaster.pid"
    with EmbeddedServer.persistent(home.path):
        content = pid_file.read_text()
    # Of the same account: Postgres itself sees through a pid that it may not signal.
    user = server_uid() if os.geteuid() == 0 else None
    with subprocess.Popen(["tail", "-f", "/dev/null"], user=user) as other:
        try:
            pid_file.write_text(content.replace(content.split("\n", 1)[0], str(other.pid), 1))
            os.chown(pid_file, server_uid(), -1)
            with EmbeddedServer.persistent(home.path) as server:
                server.ensure_running()
            assert other.poll() is None
        finally:
            other.kill()


@pytest.fixture
def stalled_initdb(open_folder: Path) -> Iterator[tuple[Path, int]]:
    """A `bin` folder whose initdb stops half-way, and a pipe that tells its pid at that moment."""
    real = find_binaries().bin_dir
    bin_dir = open_folder / "bin"
    bin_dir.mkdir(mode=0o755)
    bin_dir.chmod(0o755)
    (bin_dir / "postgres").symlink_to(real / "postgres")
    with fifo(open_folder / "stalled") as reached:
        script = f"""#!/bin/sh
case "$1" in --version) exec {shlex.quote(str(real / "initdb"))} --version;; esac
folder="${{1#--pgdata=}}"
mkdir "$folder/base" && echo 18 > "$folder/PG_VERSION"
echo $$ > {shlex.quote(str(open_folder / "stalled"))}
exec tail -f /dev/null
"""
        (bin_dir / "initdb").write_text(script)
        (bin_dir / "initdb").chmod(0o755)
        yield bin_dir, reached


def test_a_user_killed_during_initdb_leaves_no_half_folder(
    home: Home, start_user: StartUser, stalled_initdb: tuple[Path, int]
) -> None:
    bin_dir, reached = stalled_initdb
    user, _ = start_user("persistent", str(home.path), str(bin_dir), answers=False)
    with Watch(int(read_line(reached))) as initdb:
        user.kill()
        assert initdb.ended()
    wait_until_stopped(home)
    assert not home.cluster.exists()
    assert list(home.path.glob("initializing-*")) == []
    with EmbeddedServer.persistent(home.path) as server:
        assert server.version == find_binaries().major


def test_user_and_supervisor_killed_during_initdb(
    home: Home, start_user: StartUser, stalled_initdb: tuple[Path, int]
) -> None:
    bin_dir, reached = stalled_initdb
    user, _ = start_user("persistent", str(home.path), str(bin_dir), answers=False)
    with Watch(int(read_line(reached))) as initdb, Watch(parent_of(initdb.pid)) as supervisor:
        supervisor.kill()
        user.kill()
        if sys.platform.startswith("linux"):
            assert initdb.ended()
    assert list(home.path.glob("initializing-*")) != []
    with EmbeddedServer.persistent(home.path):
        assert list(home.path.glob("initializing-*")) == []
        assert home.cluster.exists()


def test_a_server_that_cannot_start_says_what_postgres_said(home: Home) -> None:
    with EmbeddedServer.persistent(home.path):
        pass
    (home.cluster / "global" / "pg_control").unlink()
    with pytest.raises(DatabaseUnavailable, match=r"global/pg_control\": No such file") as refusal:
        EmbeddedServer.persistent(home.path)
    assert "\n" not in str(refusal.value)
    assert str(home.log) in refusal.value.hint
    wait_until_stopped(home)


def test_a_closed_server_cannot_be_ensured() -> None:
    server = EmbeddedServer.ephemeral()
    server.close()
    with pytest.raises(DatabaseUnavailable, match="closed"):
        server.ensure_running()


def test_two_first_starts_at_once_give_one_server(home: Home, start_user: StartUser) -> None:
    first, _ = start_user("persistent", str(home.path), answers=False)
    second, _ = start_user("persistent", str(home.path), answers=False)
    third, _ = start_user("persistent", str(home.path), answers=False)
    told = [user.answer() for user in (first, second, third)]
    assert len({answer["postmaster"] for answer in told}) == 1
    assert len({answer["url"] for answer in told}) == 1
