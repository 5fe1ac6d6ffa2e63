"""What may reach the server and what the server may touch: account, permissions, environment, paths."""

from __future__ import annotations

import contextlib
import os
import stat
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import NullPool, create_engine, text

from sync_engine.adapters.embedded import (
    EmbeddedServer,
    clean_environment,
    default_data_dir,
    find_binaries,
    libpq_environment_removed,
)
from sync_engine.adapters.embedded.account import Account, closed_folder, server_uid
from sync_engine.adapters.embedded.folders import Home
from sync_engine.errors import ConfigurationError, DatabaseError, DatabaseUnavailable
from tests.support.embedded import StartUser

STRANGER = 54321
HOSTILE = {
    "PGHOST": "/nowhere",
    "PGHOSTADDR": "192.0.2.1",
    "PGPORT": "1",
    "PGUSER": "mallory",
    "PGDATABASE": "elsewhere",
    "PGDATA": "/nowhere",
    "PGOPTIONS": "-c search_path=elsewhere",
    "PGPASSFILE": "/nowhere",
    "PGPASSWORD": "wrong",
    "PGSSLMODE": "verify-full",
    "PGCONNECT_TIMEOUT": "1",
    "LC_ALL": "no_SUCH.locale",
    "LANG": "tr_TR.UTF-8",
    "TZ": "Asia/Tokyo",
    "NOTION_TOKEN": "ntn_secret",
}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_environment_does_not_leak_in(home: Home, start_user: StartUser) -> None:
    user, told = start_user("persistent", str(home.path), env=HOSTILE)
    assert told["home"] == str(home.path)
    assert user.ask("SHOW search_path") == [['"$user", public']]
    assert user.ask("SHOW timezone") == [["UTC"]]
    assert user.ask("SHOW server_encoding") == [["UTF8"]]
    assert user.ask("SELECT current_user, current_database()") == [["postgres", "postgres"]]
    assert user.ask("SELECT 'Iı' ILIKE 'iI'") == [[False]]
    if sys.platform.startswith("linux"):
        environment = user.ask("SELECT encode(pg_read_binary_file('/proc/self/environ'), 'escape')")[0][0]
        for name in (*(set(HOSTILE) - {"LC_ALL", "TZ"}), "mallory", "ntn_secret", "no_SUCH", "Tokyo"):
            assert name not in environment.replace("PGDATA=", "")


def test_a_service_file_is_kept_away_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    with EmbeddedServer.ephemeral() as server:
        monkeypatch.setenv("PGSERVICE", "nowhere")
        with libpq_environment_removed(), psycopg.connect(server.url()) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
            server.create_database("quiet")
        assert os.environ["PGSERVICE"] == "nowhere"
        assert "PGSERVICE" not in clean_environment()
        with pytest.raises(DatabaseUnavailable, match="libpq cannot use"):
            server.ensure_running()


def test_the_socket_is_the_only_door_and_is_private(home: Home) -> None:
    with EmbeddedServer.persistent(home.path) as server, psycopg.connect(server.url()) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        folder = Path(str(conninfo_to_dict(server.url())["host"]))
        assert mode(folder) == 0o700
        assert folder.stat().st_uid == server_uid()
        assert mode(home.cluster) == 0o700
        assert mode(home.log) == 0o600


def test_postgres_runs_as_nobody_for_root_and_as_ourselves_otherwise(home: Home) -> None:
    with EmbeddedServer.persistent(home.path):
        pid = int((home.cluster / "postmaster.pid").read_text().split()[0])
        owner = home.cluster.stat().st_uid
        assert (owner != 0) if os.geteuid() == 0 else (owner == os.geteuid())
        if sys.platform.startswith("linux"):
            status = Path(f"/proc/{pid}/status").read_text()
            uids = next(line.split()[1:] for line in status.splitlines() if line.startswith("Uid:"))
            assert set(uids) == {str(owner)}
            if os.geteuid() == 0:
                groups = next(line.split()[1:] for line in status.splitlines() if line.startswith("Groups:"))
                assert groups == []


def test_permissions_of_parent_folders_stay_as_they_are(open_folder: Path) -> None:
    middle = open_folder / "middle"
    middle.mkdir()
    middle.chmod(0o751)
    before = [(folder, mode(folder)) for folder in (middle, *middle.parents)]
    with EmbeddedServer.persistent(middle / "made" / "data"):
        pass
    assert [(folder, mode(folder)) for folder in (middle, *middle.parents)] == before


def test_a_closed_parent_folder_is_refused_for_root_and_fine_otherwise(open_folder: Path) -> None:
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    if os.geteuid() == 0:
        with pytest.raises(ConfigurationError, match="may not pass") as refusal:
            EmbeddedServer.persistent(closed / "data")
        assert str(closed) in refusal.value.message
    else:
        EmbeddedServer.persistent(closed / "data").close()
    assert mode(closed) == 0o700


def test_root_never_keeps_data_in_a_home_folder(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(open_folder))
    if os.geteuid() == 0:
        with pytest.raises(ConfigurationError, match="home folder"):
            EmbeddedServer.persistent(open_folder / "data")
        assert not (open_folder / "data").exists()
    else:
        EmbeddedServer.persistent(open_folder / "data").close()


@pytest.mark.parametrize(
    "home", ["x" * 120, "two, \"words\" and 'more' %2F ü", "comma,d"], indirect=True, ids=["long", "odd", "comma"]
)
def test_a_path_that_no_socket_or_url_can_hold(home: Home, start_user: StartUser) -> None:
    with EmbeddedServer.persistent(home.path) as server:
        folder = Path(str(conninfo_to_dict(server.url())["host"]))
        assert folder.parent != home.path
        assert mode(folder) == 0o700
        assert folder.stat().st_uid == server_uid()
        _, told = start_user("persistent", str(home.path))
        assert told["url"] == server.url()
        with psycopg.connect(server.url()) as connection:
            row = connection.execute("SELECT current_setting('data_directory')").fetchone()
            assert row == (str(home.cluster),)


def test_the_temporary_socket_folder_goes_with_the_server(open_folder: Path) -> None:
    with EmbeddedServer.persistent(open_folder / ("x" * 120)) as server:
        folder = Path(str(conninfo_to_dict(server.url())["host"]))
        assert folder.is_dir()
    assert not folder.exists()


def test_the_url_works_with_sqlalchemy_and_any_database_name() -> None:
    name = "né w/&?% 'x\""
    with EmbeddedServer.ephemeral() as server:
        server.create_database(name)
        with psycopg.connect(server.url(name)) as connection:
            assert connection.info.dbname == name
        rewritten = server.url(name).replace("postgresql://", "postgresql+psycopg://", 1)
        with create_engine(rewritten, poolclass=NullPool).connect() as connected:
            assert connected.execute(text("SELECT current_database()")).scalar() == name
        with pytest.raises(DatabaseError, match="already exists") as refusal:
            server.create_database(name)
        assert refusal.value.sqlstate == "42P04"
        with psycopg.connect(server.url(name)):
            server.drop_database(name)
        server.drop_database(name)


def as_user(uid: int) -> list[str]:
    """Words before a command that run it as another user; none when we are an ordinary user ourselves.

    An interpreter that only root can reach (pyenv below /root) needs the right to read along.
    """
    if os.geteuid() != 0:
        return []
    words = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
    needed = (Path(sys.executable).resolve(), Path(__file__).resolve())
    if any(closed_folder(path, Account(uid, uid)) is not None for path in needed):
        words += ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    return words


@pytest.mark.parametrize("home_folder", ["", "/nonexistent"])
def test_an_ordinary_user_without_a_home(home_folder: str, start_user: StartUser) -> None:
    user, told = start_user("ephemeral", env={"HOME": home_folder}, cwd="/", prefix=as_user(server_uid()))
    assert user.ask("SELECT 1") == [[1]]
    assert told["version"] == find_binaries().major
    assert Path(told["home"]).stat().st_uid == server_uid()
    assert user.ask("close") == {}
    assert not Path(told["home"]).exists()


def test_a_user_id_without_an_account(start_user: StartUser) -> None:
    prefix = as_user(STRANGER)
    namespaces = subprocess.run([*prefix, "unshare", "--user", "true"], capture_output=True, check=False)
    user, told = start_user("ephemeral", env={"HOME": ""}, cwd="/", prefix=prefix)
    if os.geteuid() != 0 or namespaces.returncode == 0:
        assert user.ask("SELECT 1") == [[1]]
    else:
        assert "could not look up effective user ID" in told["message"]


def test_the_default_folder_of_an_ordinary_user(open_folder: Path, start_user: StartUser) -> None:
    own_home = open_folder / "home"
    own_home.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(own_home, server_uid(), -1)
    user, told = start_user(
        "persistent",
        "default",
        env={"HOME": str(own_home), "XDG_DATA_HOME": ""},
        cwd="/",
        prefix=as_user(server_uid()),
    )
    assert told["home"] == str(own_home / ".local/share/sync-engine/postgres")
    assert user.ask("SELECT 1") == [[1]]
    assert user.ask("close") == {}


def test_default_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    if os.geteuid() == 0:
        assert default_data_dir() == Path("/var/lib/sync-engine/postgres")
        monkeypatch.setattr(os, "geteuid", lambda: STRANGER)
    assert default_data_dir() == tmp_path / ".local/share/sync-engine/postgres"
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert default_data_dir() == Path("/data/sync-engine/postgres")
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    assert default_data_dir() == tmp_path / ".local/share/sync-engine/postgres"


@pytest.mark.parametrize("home_folder", [None, "", "/", "/nonexistent"])
def test_default_data_folder_of_an_account_without_home(
    monkeypatch: pytest.MonkeyPatch, home_folder: str | None
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: STRANGER)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.delenv("HOME", raising=False)
    if home_folder is not None:
        monkeypatch.setenv("HOME", home_folder)
    assert default_data_dir() == Path(f"/var/tmp/sync-engine-{STRANGER}/postgres")


def test_a_folder_of_another_purpose_is_refused(open_folder: Path) -> None:
    (open_folder / "thesis.tex").touch()
    with pytest.raises(ConfigurationError, match="not empty"):
        EmbeddedServer.persistent(open_folder)
    with pytest.raises(ConfigurationError, match="cannot use"):
        EmbeddedServer.persistent(open_folder / "thesis.tex")
    assert os.listdir(open_folder) == ["thesis.tex"]


def test_a_folder_that_vanished_is_told(open_folder: Path) -> None:
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(EmbeddedServer.persistent(open_folder / "data"))
        (open_folder / "data").rename(open_folder / "away")
        with pytest.raises(DatabaseUnavailable, match="gone"):
            server.ensure_running()
        (open_folder / "away").rename(open_folder / "data")
