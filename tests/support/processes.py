"""Real processes for tests: watched by pid, talked to over pipes, never waited for without a deadline."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

DEADLINE = 60.0


class Watch:
    """Notices the end of any process, child or not; made while the process lives."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._descriptor = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else None

    def ended(self, seconds: float = DEADLINE) -> bool:
        """Wait for the end; False when the process still lives after `seconds`."""
        if self._descriptor is not None:
            poll = select.poll()
            poll.register(self._descriptor, select.POLLIN)
            return bool(poll.poll(seconds * 1000))
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                os.kill(self.pid, 0)
            except ProcessLookupError:
                return True
            time.sleep(0.02)
        return False

    def kill(self) -> None:
        """SIGKILL this very process, then wait for its end."""
        os.kill(self.pid, signal.SIGKILL)
        assert self.ended(), f"process {self.pid} survived SIGKILL"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)


def parent_of(pid: int) -> int:
    listing = subprocess.run(["ps", "-o", "ppid=", "-p", str(pid)], capture_output=True, text=True, check=True)
    return int(listing.stdout)


class Partner:
    """A program that answers each line of JSON with one; killed at the end of the test if it still runs."""

    def __init__(self, command: list[str], env: Mapping[str, str], **options: Any) -> None:
        self.process = subprocess.Popen(
            command,
            env=dict(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            **options,
        )

    def ask(self, command: str) -> Any:
        self.send(command)
        return self.answer()

    def send(self, command: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(command.encode() + b"\n")
        self.process.stdin.flush()

    def answer(self) -> Any:
        assert self.process.stdout is not None
        readable, _, _ = select.select([self.process.stdout], [], [], DEADLINE)
        assert readable, "the program did not answer in time"
        line = self.process.stdout.readline()
        assert line, f"the program ended with {self.process.wait(DEADLINE)}"
        return json.loads(line)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(DEADLINE)

    def leave(self) -> int:
        """Let it run to its end, without closing anything; its exit code."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(DEADLINE)

    def discard(self) -> None:
        self.kill()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()


@contextlib.contextmanager
def fifo(path: Path) -> Iterator[int]:
    """A named pipe that any account may write to; the descriptor to read from."""
    os.mkfifo(path)
    path.chmod(0o666)
    descriptor = os.open(path, os.O_RDWR)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def read_line(descriptor: int) -> str:
    readable, _, _ = select.select([descriptor], [], [], DEADLINE)
    assert readable, "nothing was written to the pipe in time"
    return os.read(descriptor, 4096).decode().strip()
