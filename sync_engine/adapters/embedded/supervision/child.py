"""What happens between fork and exec of a server program (Linux; nothing elsewhere)."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import sys
from collections.abc import Callable
from pathlib import Path

PR_SET_PDEATHSIG = 1
CLONE_NEWUSER = 0x10000000
NOBODY = 65534


def before_exec(signal_at_parents_end: int, *, named: bool) -> Callable[[], None] | None:
    """A function for the forked child: the kernel shall signal it when this process dies.

    `named`: also let a user id without an account, as containers and CI have, look like `nobody`, since initdb
    insists on a user name. It takes a user namespace; where those are forbidden initdb says what it misses.
    """
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)
    parent = os.getpid()
    maps = _maps() if named and not _has_name(os.geteuid()) else {}

    def prepare() -> None:
        if maps and libc.unshare(CLONE_NEWUSER) == 0:
            with contextlib.suppress(OSError):  # initdb will say what it misses
                for name, text in maps.items():
                    Path("/proc/self", name).write_text(text)
        libc.prctl(PR_SET_PDEATHSIG, int(signal_at_parents_end), 0, 0, 0)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)

    return prepare


def _maps() -> dict[str, str]:
    """Inside, one user: `nobody`. What it writes belongs to us outside."""
    return {
        "setgroups": "deny",
        "uid_map": f"{NOBODY} {os.geteuid()} 1",
        "gid_map": f"{NOBODY} {os.getegid()} 1",
    }


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True
