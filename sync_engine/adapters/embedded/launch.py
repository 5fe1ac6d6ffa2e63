"""Starting the supervisor, and hearing from it whether the server is ready."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from sync_engine.adapters.embedded import locks
from sync_engine.adapters.embedded.account import server_account
from sync_engine.adapters.embedded.binaries import Binaries
from sync_engine.adapters.embedded.environment import server_environment
from sync_engine.adapters.embedded.folders import PORT, Home
from sync_engine.adapters.embedded.relocation import usable_by
from sync_engine.adapters.embedded.supervision.order import Order
from sync_engine.errors import ConfigurationError, DatabaseUnavailable

SUPERUSER = "postgres"
# Isolated (-I -S): no PYTHON* variable, no user or site packages; only the folder of `supervision`.
_PROGRAM = "import sys; sys.path.append(sys.argv[1]); from supervision.main import main; sys.exit(main())"
_LARGEST_LOG = 8 * 1024 * 1024


def launch(
    home: Home,
    binaries: Binaries,
    socket_folder: Path,
    settings: Mapping[str, str],
    *,
    ephemeral: bool,
    deadline: float,
) -> None:
    """Start a supervisor and wait until its server is ready; do nothing when one is already there.

    Call it with the start lock held and the users lock shared. Raises `DatabaseUnavailable`.
    """
    descriptor = locks.open_lock(home.supervisor_lock)
    try:
        if locks.try_lock(descriptor, locks.EXCLUSIVE):
            # The supervisor inherits the locked descriptor, so there is no moment without the lock.
            order = _order(home, binaries, socket_folder, settings, ephemeral, descriptor)
            _await_report(home, _spawn(home, order), deadline)
    finally:
        os.close(descriptor)


def is_supervised(home: Home) -> bool:
    """Whether a supervisor lives."""
    descriptor = locks.open_lock(home.supervisor_lock)
    try:
        return not locks.try_lock(descriptor, locks.SHARED)
    finally:
        os.close(descriptor)


def _order(
    home: Home,
    binaries: Binaries,
    socket_folder: Path,
    settings: Mapping[str, str],
    ephemeral: bool,
    supervisor_lock: int,
) -> Order:
    account = server_account()
    programs = usable_by(binaries, account).bin_dir
    fixed = {
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_directories": _quoted(str(socket_folder)),
        "unix_socket_permissions": "0700",
        "cluster_name": home.mark,
        "update_process_title": "on",
    }
    return Order(
        home=str(home.path),
        cluster=str(home.cluster),
        log=str(home.log),
        users_lock=str(home.users_lock),
        socket_folder=str(socket_folder),
        socket_record=str(home.socket_record),
        mark=home.mark,
        postgres=str(programs / "postgres"),
        initdb=str(programs / "initdb"),
        initdb_options=_initdb_options(binaries.major, ephemeral),
        settings={**settings, **fixed},
        uid=account.uid if account else None,
        gid=account.gid if account else None,
        ephemeral=ephemeral,
        supervisor_lock=supervisor_lock,
    )


def _quoted(folder: str) -> str:
    """A folder for a parameter that is a list of names: quoted, so that commas and blanks are kept."""
    return '"' + folder.replace('"', '""') + '"'


def _initdb_options(major: int, ephemeral: bool) -> list[str]:
    # Only who passes the 0700 socket folder can connect, hence trust.
    options = [f"--username={SUPERUSER}", "--encoding=UTF8", "--auth-local=trust", "--auth-host=reject"]
    if major >= 17:
        # The same sort order and letter classes on every machine, whatever its C library.
        options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    options.append("--no-sync" if ephemeral else "--data-checksums")
    return options


def _spawn(home: Home, order: Order) -> int:
    """Run the supervisor script; the descriptor on which it will report."""
    if not sys.executable:
        raise ConfigurationError("this program does not know its Python interpreter", hint="set DATABASE_URL")
    log = _open_log(home.log)
    ours, theirs = os.pipe()
    try:
        subprocess.run(
            [sys.executable, "-I", "-S", "-c", _PROGRAM, str(Path(__file__).parent), order.to_json()],
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=log,
            pass_fds=(order.supervisor_lock,),
            start_new_session=True,
            cwd="/",
            env=server_environment(),
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        os.close(ours)
        raise DatabaseUnavailable("cannot start the supervisor of Postgres", hint=f"see {home.log}") from error
    finally:
        os.close(theirs)
        os.close(log)
    return ours


def _open_log(path: Path) -> int:
    if path.exists() and path.stat().st_size > _LARGEST_LOG:
        path.replace(path.with_suffix(".log.1"))
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def _await_report(home: Home, report: int, deadline: float) -> None:
    try:
        line = _read_line(report, deadline)
    finally:
        os.close(report)
    if line is None:
        raise DatabaseUnavailable("Postgres was not ready in time", hint=f"see {home.log}; try again")
    error = json.loads(line)["error"] if line else "the supervisor of Postgres ended"
    if error:
        raise DatabaseUnavailable(f"Postgres did not start: {error}", hint=f"see {home.log}")


def _read_line(descriptor: int, deadline: float) -> bytes | None:
    """One line, or what came before the end of the stream; None at the deadline."""
    line = b""
    while not line.endswith(b"\n"):
        readable, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
        if not readable:
            return None
        part = os.read(descriptor, 4096)
        if not part:
            return line
        line += part
    return line
