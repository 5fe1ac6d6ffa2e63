"""The operating-system account that Postgres runs as: ours, or `nobody` when we are root."""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

_NOBODY = 65534


@dataclass(frozen=True, slots=True)
class Account:
    """A user and group id to give privileges up to."""

    uid: int
    gid: int


def server_account() -> Account | None:
    """The account to switch to, or None: Postgres refuses to run as root, and only root can switch."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        return Account(_NOBODY, _NOBODY)
    return Account(entry.pw_uid, entry.pw_gid)


def server_uid() -> int:
    """The user id that owns the data and the socket folder."""
    account = server_account()
    return os.geteuid() if account is None else account.uid


def closed_folder(path: Path, account: Account) -> Path | None:
    """The topmost folder on the way to `path` (itself included) that `account` may not pass, or None."""
    for folder in (*reversed(path.parents), path):
        try:
            found = folder.stat()
        except FileNotFoundError:
            return None
        if not found.st_mode & _search_bit(found, account):
            return folder
    return None


def _search_bit(found: os.stat_result, account: Account) -> int:
    if found.st_uid == account.uid:
        return stat.S_IXUSR
    return stat.S_IXGRP if found.st_gid == account.gid else stat.S_IXOTH
