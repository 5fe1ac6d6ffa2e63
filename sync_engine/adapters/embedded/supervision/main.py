"""The supervisor as a process: detached, with a lock, a log, and one report to its starter."""

from __future__ import annotations

import contextlib
import json
import locale
import os
import signal
import sys
from collections.abc import Callable

from .order import Order
from .supervisor import Supervisor

LOG_TAIL = 4  # lines: the error with its detail and hint


def reporter(log: str) -> Callable[[str], None]:
    """A function that tells the starter, once, over standard output: ready (no error), or the error.

    What it is told later goes into the log.
    """
    position = os.path.getsize(log)
    told = False

    def report(error: str) -> None:
        nonlocal told
        if told:
            sys.stderr.write(f"supervisor: {error or 'the server is ready'}\n")
            return
        told = True
        if error:
            with open(log, errors="replace") as lines:
                lines.seek(position)
                tail = lines.read().splitlines()[-LOG_TAIL:]
            error = "; ".join([error, *(line.strip() for line in tail if line.strip())])
        with contextlib.suppress(BrokenPipeError):  # the starter has not waited
            os.write(1, json.dumps({"error": error}).encode() + b"\n")
        os.dup2(2, 1)

    return report


def server_locale() -> str:
    """C.UTF-8 where the system has it, for the letters of all languages; else plain C."""
    try:
        locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
    except locale.Error:
        return "C"
    return "C.UTF-8"


def main() -> int:
    """Detach from the starter, then carry out the order in the second argument; the exit code."""
    order = Order.from_json(sys.argv[2])
    if os.fork() != 0:
        os._exit(0)  # the starter reaps this one; the supervisor is nobody's child
    os.umask(0o077)
    os.environ |= {"LC_ALL": server_locale(), "TZ": "UTC"}
    supervisor = Supervisor(order, reporter(order.log))
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda _number, _frame: supervisor.events.put("stop"))
    supervisor.watch_users()
    return supervisor.run()
