"""Databases that are dumped and restored, and servers whose data is set back to a copy."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sync_engine.adapters.embedded import Binaries, EmbeddedServer
from tests.support.postgres import Database
from tests.support.world import World


def dump(binaries: Binaries, database: Database, file: Path) -> Path:
    """A backup, made as people make it."""
    _run(binaries, "pg_dump", "--format=custom", f"--file={file}", f"--dbname={database.url}")
    return file


def restore(binaries: Binaries, file: Path, target: Database) -> Database:
    """The backup in an empty database."""
    _run(binaries, "pg_restore", "--exit-on-error", f"--dbname={target.url}", str(file))
    return target


def _run(binaries: Binaries, program: str, *arguments: str) -> None:
    done = subprocess.run([binaries.bin_dir / program, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def move_to(world: World, database: Database) -> None:
    """From now on the world's database is this one."""
    world.connection.close()
    world.database = database
    world.environment["DATABASE_URL"] = database.url
    world.connection = database.connect(autocommit=True)
    world.app = world._open()


class Disk:
    """A server of its own, whose data can be copied away and put back, as a snapshot of its disk would."""

    def __init__(self, binaries: Binaries, folder: Path) -> None:
        self._binaries = binaries
        self._data = folder / "server"
        self._copy = folder / "copy"
        self.server = EmbeddedServer.persistent(self._data, binaries=binaries)
        self.server.create_database("vital")

    @property
    def database(self) -> Database:
        return Database(self.server.url("vital"), "vital")

    @contextmanager
    def still(self) -> Iterator[None]:
        """The server is down for the length of the block."""
        self.server.close()
        yield
        self.server = EmbeddedServer.persistent(self._data, binaries=self._binaries)

    def copy(self) -> None:
        with self.still():
            _copied(self._data, self._copy)

    def put_back(self) -> None:
        with self.still():
            shutil.rmtree(self._data)
            _copied(self._copy, self._data)

    def close(self) -> None:
        self.server.close()


def _copied(source: Path, target: Path) -> None:
    """With its owner: the server runs as another account than root."""
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)
