"""The folders of a server: where they lie by default, what is in them, who may pass."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pwd
import re
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sync_engine.adapters.embedded.account import Account, closed_folder, server_account, server_uid
from sync_engine.errors import ConfigurationError

PORT = 5432
# sun_path is 108 bytes on Linux and 104 on macOS, with the closing zero.
_LONGEST_SOCKET_PATH = 103
_ROOT_DATA = Path("/var/lib/sync-engine/postgres")


@dataclass(frozen=True, slots=True)
class Home:
    """The names inside one server's folder. Only `cluster` and the socket folder belong to its account."""

    path: Path

    @property
    def cluster(self) -> Path:
        """What Postgres calls PGDATA; it exists only when `initdb` has finished."""
        return self.path / "cluster"

    @property
    def log(self) -> Path:
        return self.path / "server.log"

    @property
    def start_lock(self) -> Path:
        """Held alone by the process that is starting the server."""
        return self.path / "start.lock"

    @property
    def users_lock(self) -> Path:
        """Held shared by every user process; the supervisor waits to hold it alone."""
        return self.path / "users.lock"

    @property
    def supervisor_lock(self) -> Path:
        """Held alone by the living supervisor."""
        return self.path / "supervisor.lock"

    @property
    def socket_record(self) -> Path:
        """Names the socket folder when the path of this one is too long for a socket."""
        return self.path / "socket-folder"

    @property
    def mark(self) -> str:
        """A name for the server's processes, by which a later start recognises those left behind."""
        return f"sync-engine-{hashlib.sha256(os.fsencode(self.cluster)).hexdigest()[:16]}"

    def cluster_major(self) -> int | None:
        """The major version that made the data, or None before `initdb`."""
        try:
            return int((self.cluster / "PG_VERSION").read_text("ascii").strip())
        except FileNotFoundError:
            return None


def default_data_dir() -> Path:
    """Where the data lies when `DATABASE_URL` is unset.

    Root: `/var/lib/sync-engine/postgres`, never a home folder, since the server runs as `nobody`.
    Others: `$XDG_DATA_HOME/sync-engine/postgres`, else below `~/.local/share`, else, for an account
    without a writable home, below `/var/tmp` in a folder of its own.
    """
    if os.geteuid() == 0:
        return _ROOT_DATA
    data_home = os.environ.get("XDG_DATA_HOME", "")
    if os.path.isabs(data_home):
        return Path(data_home, "sync-engine", "postgres")
    for home in _home_folders():
        if home.is_dir() and os.access(home, os.W_OK | os.X_OK):
            return home / ".local" / "share" / "sync-engine" / "postgres"
    return Path(f"/var/tmp/sync-engine-{os.geteuid()}", "postgres")


def _home_folders() -> list[Path]:
    """Home folders of this account, as the environment and the account database tell; maybe none."""
    named = [os.environ.get("HOME", "")]
    with contextlib.suppress(KeyError):  # a bare user id, as containers have
        named.append(pwd.getpwuid(os.geteuid()).pw_dir)
    return [Path(name) for name in named if os.path.isabs(name) and name != "/"]


def prepare_home(path: Path) -> Home:
    """Make the folder, or check that it is ours and that the server's account can reach it.

    Raises `ConfigurationError` for a folder of another owner, of another purpose, in a home folder
    (as root), or behind a folder that the server's account may not pass. Parents are never changed.
    """
    path = Path(os.path.abspath(path)).resolve()
    account = server_account()
    if account is not None:
        _refuse_home_folder(path)
    try:
        _make_parents(path)
        path.mkdir(mode=0o700, exist_ok=True)
        _refuse_foreign(path)
        path.chmod(0o700 if account is None else 0o711)
    except OSError as error:
        raise ConfigurationError(
            f"cannot use {path} as the data folder: {error.strerror}",
            hint="choose another data folder, or set DATABASE_URL",
        ) from error
    if account is not None:
        _refuse_closed(path, account)
    return Home(path)


def _make_parents(path: Path) -> None:
    missing = [parent for parent in path.parents if not parent.exists()]
    for parent in reversed(missing):
        parent.mkdir(exist_ok=True)
        if os.geteuid() == 0:
            parent.chmod(0o755)  # whatever the umask: `nobody` has to pass


def _refuse_foreign(path: Path) -> None:
    owner = path.stat().st_uid
    if owner != os.geteuid():
        raise ConfigurationError(
            f"{path} belongs to user id {owner}, and this process is {os.geteuid()}",
            hint="run as that user, or choose another data folder",
        )
    names = os.listdir(path)
    if names and "start.lock" not in names:
        raise ConfigurationError(
            f"{path} is not empty and is not a data folder of sync-engine",
            hint="choose an empty or a new folder",
        )


def _refuse_home_folder(path: Path) -> None:
    for home in _home_folders():
        if path == home.resolve() or home.resolve() in path.parents:
            raise ConfigurationError(
                f"as root, the data folder cannot lie in the home folder {home}: Postgres runs as nobody",
                hint=f"use {_ROOT_DATA}, or run as an ordinary user",
            )


def _refuse_closed(path: Path, account: Account) -> None:
    closed = closed_folder(path, account)
    if closed is not None:
        raise ConfigurationError(
            f"Postgres runs as nobody (uid {account.uid}) here and may not pass {closed} to reach {path}",
            hint=f"choose a data folder outside of it, such as {_ROOT_DATA}",
        )


def socket_folder(home: Home) -> Path:
    """The folder of the socket, made if missing: mode 0700, owned by the server's account.

    Beside the data, or in a short temporary folder when that path is too long; the temporary
    folder is recorded, so every process finds the same one. Call it with the start lock held.
    """
    beside = home.path / "socket"
    try:
        if _fits(beside):
            _make_private(beside)
            return beside
        recorded = _recorded_socket_folder(home)
        if recorded is not None and _is_private(recorded):
            return recorded
        return _temporary_socket_folder(home)
    except OSError as error:
        raise ConfigurationError(
            f"cannot make the folder of the Postgres socket: {error}",
            hint="choose another data folder, or set DATABASE_URL",
        ) from error


def _recorded_socket_folder(home: Home) -> Path | None:
    try:
        return Path(os.fsdecode(home.socket_record.read_bytes()))
    except FileNotFoundError:
        return None


def _fits(folder: Path) -> bool:
    """Short enough for the kernel, and plain: libpq takes a comma for the end of a host."""
    if not re.fullmatch(r"[\w./+=@ -]+", str(folder), re.ASCII):
        return False
    return len(os.fsencode(folder / f".s.PGSQL.{PORT}")) <= _LONGEST_SOCKET_PATH


def _temporary_socket_folder(home: Home) -> Path:
    for parent in (tempfile.gettempdir(), "/tmp"):
        if _fits(Path(parent, "sync-engine-12345678")):
            break
    folder = Path(tempfile.mkdtemp(prefix="sync-engine-", dir=parent))
    _make_private(folder)
    draft = home.socket_record.with_suffix(".new")
    draft.write_bytes(os.fsencode(folder))
    draft.replace(home.socket_record)
    return folder


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)
    os.chown(folder, server_uid(), -1)


def _is_private(folder: Path) -> bool:
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(found.st_mode) and stat.S_IMODE(found.st_mode) == 0o700 and found.st_uid == server_uid()
