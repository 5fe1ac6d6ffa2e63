"""Finding and removing what a killed server has left: processes, lock files, folders."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from .order import Order

POLL = 0.02


def command_lines() -> list[tuple[int, str]]:
    """Every process with its command line. `/proc/*/cwd` would need rights that containers withhold."""
    if not os.path.isdir("/proc/self"):
        listing = subprocess.run(["ps", "-axww", "-o", "pid=,command="], capture_output=True, text=True)
        rows = (line.split(None, 1) for line in listing.stdout.splitlines())
        return [(int(row[0]), row[1]) for row in rows if len(row) == 2]
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                text = Path("/proc", name, "cmdline").read_bytes()
            except OSError:
                continue  # it has just ended
            found.append((int(name), os.fsdecode(text.replace(b"\0", b" ")).strip()))
    return found


def server_processes(mark: str) -> list[int]:
    """The postmaster and the backends of this folder, also those of a postmaster that is gone."""
    backend, option = f"postgres: {mark}:", f"cluster_name={mark}"
    return [
        pid
        for pid, line in command_lines()
        if line.startswith(backend) or (option in line.split() and "postgres" in line.split(None, 1)[0])
    ]


def end_server_processes(mark: str) -> None:
    """End what is left of the folder's server. Backends outlive a killed postmaster while a query runs."""
    for number, seconds in ((signal.SIGINT, 5.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 10.0)):
        deadline = time.monotonic() + seconds
        left = server_processes(mark)
        for pid in left:
            send(pid, number)
        while left and time.monotonic() < deadline:
            time.sleep(POLL)
            left = server_processes(mark)
        if not left:
            return


def forget_reused_pid(order: Order) -> None:
    """Remove lock files whose process id now belongs to another program, or Postgres refuses to start.

    Called when no process of this folder is left. A file of a dead process stays: Postgres handles it.
    """
    pid_file = Path(order.cluster, "postmaster.pid")
    try:
        pid = int(pid_file.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return
    if send(pid, 0):
        pid_file.unlink(missing_ok=True)
        for lock in Path(order.socket_folder).glob(".s.PGSQL.*.lock"):
            lock.unlink(missing_ok=True)


def send(pid: int, number: int) -> bool:
    """Signal a process; False when it has ended or is not ours."""
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def remove_tree(folder: Path) -> None:
    """Remove a folder, again when a dying process has just written into it."""
    deadline = time.monotonic() + 5.0
    while os.path.lexists(folder) and time.monotonic() < deadline:
        shutil.rmtree(folder, ignore_errors=True)
