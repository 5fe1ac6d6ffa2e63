"""File locks (flock): released by the kernel when the last process that holds them ends, however it ends."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sync_engine.errors import ConfigurationError, DatabaseUnavailable

SHARED = fcntl.LOCK_SH
EXCLUSIVE = fcntl.LOCK_EX
_PAUSE = 0.01


def open_lock(path: Path) -> int:
    """A new descriptor of the lock file, created if missing; child programs do not inherit it."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def try_lock(descriptor: int, how: int) -> bool:
    """Take the lock if nobody stands against it; does not wait. Raises `ConfigurationError`."""
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise ConfigurationError(
            f"the file system of the data folder has no file locks: {error.strerror}",
            hint="choose a data folder on a local disk, or set DATABASE_URL",
        ) from error
    return True


def unlock(descriptor: int) -> None:
    """Give up the lock of this descriptor and of its copies in forked children."""
    fcntl.flock(descriptor, fcntl.LOCK_UN)


def lock_before(descriptor: int, how: int, deadline: float) -> bool:
    """Take the lock, waiting until `deadline` (monotonic seconds); False when it came too late."""
    while not try_lock(descriptor, how):
        if time.monotonic() >= deadline:
            return False
        time.sleep(_PAUSE)
    return True


@contextmanager
def exclusive(path: Path, deadline: float) -> Iterator[None]:
    """Hold the lock file alone. Raises `DatabaseUnavailable` when another process keeps it too long."""
    descriptor = open_lock(path)
    try:
        if not lock_before(descriptor, EXCLUSIVE, deadline):
            raise DatabaseUnavailable(
                f"another process has been starting Postgres in {path.parent} for too long",
                hint=f"look at {path.parent / 'server.log'}, end that process, and try again",
            )
        yield
    finally:
        os.close(descriptor)
