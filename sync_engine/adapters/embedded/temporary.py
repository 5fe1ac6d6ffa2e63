"""Folders of ephemeral servers: made with a user already registered, removed even after SIGKILL."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from pathlib import Path

from sync_engine.adapters.embedded import locks
from sync_engine.adapters.embedded.account import closed_folder, server_account
from sync_engine.adapters.embedded.folders import Home
from sync_engine.adapters.embedded.supervision.leftovers import end_server_processes
from sync_engine.errors import ConfigurationError

_PREFIX = "sync-engine-postgres-"
_DRAFT_PREFIX = "sync-engine-new-"
_MEMORY = Path("/dev/shm")
_ROOM_IN_MEMORY = 2 * 1024**3  # containers often give it 64 MB


def create_home() -> tuple[Home, int]:
    """A new folder for an ephemeral server, and the descriptor that registers this process as its user.

    Raises `ConfigurationError` when the server's account can pass no temporary folder.
    """
    parent = roomy_folder()
    draft = Path(tempfile.mkdtemp(prefix=_DRAFT_PREFIX, dir=parent))
    if server_account() is not None:
        draft.chmod(0o711)
    users = locks.open_lock(draft / "users.lock")
    locks.try_lock(users, locks.SHARED)
    # It gets the name that `remove_abandoned` looks for only when it is visibly in use.
    path = draft.rename(parent / draft.name.replace(_DRAFT_PREFIX, _PREFIX, 1))
    return Home(path), users


def remove_abandoned() -> None:
    """Remove the folders of ephemeral servers whose supervisor was killed together with its users."""
    for path in [path for folder in _parents() for path in folder.glob(f"{_PREFIX}*")]:
        if _is_our_folder(path) and _is_abandoned(path):
            end_server_processes(Home(path).mark)
            shutil.rmtree(path, ignore_errors=True)


def _parents() -> list[Path]:
    """Where ephemeral servers may lie, best first: what TMPDIR says, else memory, else the disk."""
    named = [Path(name) for name in (os.environ.get("TMPDIR", ""),) if os.path.isabs(name)]
    # In memory, copying a template database took 15 ms where ext4 took 50 to 350 (fsync off on both).
    rest = [_MEMORY, Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")]
    account = server_account()
    return [
        folder.resolve()
        for folder in dict.fromkeys(named + rest)
        if os.access(folder, os.W_OK | os.X_OK)
        and (account is None or closed_folder(folder.resolve(), account) is None)
    ]


def roomy_folder() -> Path:
    """The temporary folder for a server. Raises `ConfigurationError` if its account can pass none."""
    parents = _parents()
    for folder in parents:
        if folder != _MEMORY or shutil.disk_usage(folder).free >= _ROOM_IN_MEMORY:
            return folder
    raise ConfigurationError(
        "no temporary folder for Postgres can be written by us and entered by its account",
        hint="set TMPDIR to a folder that every account may enter",
    )


def _is_our_folder(path: Path) -> bool:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()


def _is_abandoned(path: Path) -> bool:
    """Neither a user nor a supervisor holds its lock; a folder without locks is being removed."""
    return all(_is_free(lock) for lock in (Home(path).users_lock, Home(path).supervisor_lock))


def _is_free(lock: Path) -> bool:
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return True
    try:
        return locks.try_lock(descriptor, locks.EXCLUSIVE)
    finally:
        os.close(descriptor)
