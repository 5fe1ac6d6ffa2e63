"""Starts Postgres for one folder, again when it dies, and stops it when the last user process is gone."""

from __future__ import annotations

import fcntl
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from .child import before_exec
from .leftovers import end_server_processes, forget_reused_pid, remove_tree
from .order import Order

READY_POLL = 0.02
STEADY_SECONDS = 10.0  # a postmaster that lived this long did not fail at its start
MOST_FAILURES = 3


class StartFailed(Exception):
    """initdb or Postgres ended before the server was ready."""


class StopRequested(Exception):
    """The last user process is gone, or somebody asked the supervisor to end."""


class Supervisor:
    """Runs one server from the order to the end of its last user."""

    def __init__(self, order: Order, report: Callable[[str], None]) -> None:
        self.order = order
        self.report = report
        self.events: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.child: subprocess.Popen[bytes] | None = None
        self.users_gone = False

    def run(self) -> int:
        """Serve until there is nobody left to serve; the exit code of the process."""
        try:
            self._remove_leftovers()
            if not os.path.exists(self.order.cluster):
                self._initialise()
            self._serve()
        except StopRequested:
            return 0
        except (StartFailed, OSError, subprocess.SubprocessError) as failure:
            self.report(str(failure))
            return 1
        finally:
            self._stop_child()
            self._remove_folders()
        return 0

    def watch_users(self) -> None:
        """Post an event when no user process is left; keep the lock, so that a new user has to wait."""
        descriptor = os.open(self.order.users_lock, os.O_RDWR | os.O_CLOEXEC)

        def wait() -> None:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            self.users_gone = True
            self.events.put("no users")

        threading.Thread(target=wait, daemon=True).start()

    def _initialise(self) -> None:
        """initdb into a scratch folder, then one rename: a half-made data folder is never seen."""
        scratch = self._scratch_folder()
        command = [self.order.initdb, f"--pgdata={scratch}", *self.order.initdb_options]
        self._spawn(command, signal.SIGKILL, named=True)
        while self._next_event(None) != "exited":
            pass
        if self._exit_code() != 0:
            raise StartFailed("initdb failed")
        self.child = None
        os.rename(scratch, self.order.cluster)
        folder = os.open(self.order.home, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _scratch_folder(self) -> str:
        scratch = os.path.join(self.order.home, f"initializing-{os.getpid()}")
        os.mkdir(scratch, 0o700)
        if self.order.uid is not None and self.order.gid is not None:
            os.chown(scratch, self.order.uid, self.order.gid)
        return scratch

    def _serve(self) -> None:
        failures = 0
        while True:
            started = time.monotonic()
            self._start_postmaster()
            self.report("")
            while self._next_event(None) != "exited":
                pass
            sys.stderr.write("supervisor: the postmaster ended; starting it again\n")
            end_server_processes(self.order.mark)
            failures = 0 if time.monotonic() - started > STEADY_SECONDS else failures + 1
            if failures >= MOST_FAILURES:
                raise StartFailed(f"Postgres ended {failures} times within {STEADY_SECONDS:.0f} s of its start")

    def _start_postmaster(self) -> None:
        command = [self.order.postgres, "-D", self.order.cluster]
        for name, value in self.order.settings.items():
            command += ["-c", f"{name}={value}"]
        # Nobody waits for the last checkpoint of a server whose data will be removed.
        self._spawn(command, signal.SIGQUIT if self.order.ephemeral else signal.SIGINT)
        while not self._is_ready():
            if self._next_event(READY_POLL) == "exited":
                raise StartFailed(f"Postgres ended with exit code {self._exit_code()} before it was ready")

    def _is_ready(self) -> bool:
        """What pg_ctl looks at: the first line of postmaster.pid is our child, the eighth says ready."""
        try:
            lines = Path(self.order.cluster, "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        mine = self.child is not None and lines[:1] == [str(self.child.pid)]
        return mine and len(lines) >= 8 and lines[7].strip() == "ready"

    def _next_event(self, timeout: float | None) -> str:
        """The next event, or an empty text at the timeout. Raises `StopRequested`."""
        try:
            event = self.events.get(timeout=timeout)
        except queue.Empty:
            return ""
        if event in ("no users", "stop"):
            raise StopRequested
        return event

    def _spawn(self, command: list[str], signal_at_our_end: signal.Signals, *, named: bool = False) -> None:
        # The kernel ties the signal to the thread that forks: this runs in the main thread only.
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            stderr=sys.stderr,
            cwd="/",
            user=self.order.uid,
            group=self.order.gid,
            extra_groups=None if self.order.uid is None else [],
            preexec_fn=before_exec(signal_at_our_end, named=named),
        )
        self.child = child

        def wait() -> None:
            child.wait()
            self.events.put("exited")

        threading.Thread(target=wait, daemon=True).start()

    def _exit_code(self) -> int:
        return -1 if self.child is None else self.child.wait()

    def _stop_child(self) -> None:
        """Fast shutdown, then immediate, then SIGKILL; ends when the process and its children are gone."""
        patience = [(signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0)]
        for number, seconds in patience[1:] if self.order.ephemeral else patience:
            if self.child is None or self.child.poll() is not None:
                break
            self.child.send_signal(number)
            try:
                self.child.wait(seconds)
            except subprocess.TimeoutExpired:
                continue
        end_server_processes(self.order.mark)

    def _remove_leftovers(self) -> None:
        end_server_processes(self.order.mark)
        self._remove_scratch()
        forget_reused_pid(self.order)

    def _remove_scratch(self) -> None:
        for scratch in Path(self.order.home).glob("initializing-*"):
            remove_tree(scratch)

    def _remove_folders(self) -> None:
        self._remove_scratch()
        if not self.users_gone:
            return  # they may start the server again, and know the folder of its socket
        remove_tree(Path(self.order.socket_folder))
        Path(self.order.socket_record).unlink(missing_ok=True)
        if self.order.ephemeral:
            remove_tree(Path(self.order.home))
