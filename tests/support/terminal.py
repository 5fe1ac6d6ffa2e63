"""A program at a real pseudo-terminal: what it writes is waited for, never a time."""

from __future__ import annotations

import codecs
import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support.processes import DEADLINE

_STYLES = re.compile(r"\x1b\[[0-9;]*m")


class Screen:
    """What a program writes, read from a descriptor."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._unread = ""

    def until(self, words: str) -> str:
        """What is written up to those words, without its colors; fails when they do not come in time."""
        deadline = time.monotonic() + DEADLINE
        while words not in self._unread:
            left = deadline - time.monotonic()
            readable, _, _ = select.select([self._descriptor], [], [], max(left, 0))
            assert readable, f"{words!r} was not written in time, but: {self._unread}"
            new = self._decoder.decode(os.read(self._descriptor, 65536))
            self._unread = _STYLES.sub("", self._unread + new).replace("\r\n", "\n")
        found, _, self._unread = self._unread.partition(words)
        return found + words


class Terminal(Screen):
    """The person's side of a terminal at which one program runs; `at_first` are its settings before that began."""

    def __init__(
        self, process: subprocess.Popen[bytes], descriptor: int, slave: int, at_first: Sequence[Any]
    ) -> None:
        super().__init__(descriptor)
        self.process = process
        self.at_first = at_first
        self._slave = slave

    def press(self, keys: str) -> None:
        os.write(self._descriptor, keys.encode())

    def attributes(self) -> Sequence[Any]:
        """The terminal's settings: echo, line by line, and so on."""
        return termios.tcgetattr(self._slave)


@contextlib.contextmanager
def at_terminal(
    command: Sequence[str], environment: Mapping[str, str], folder: Path, *, columns: int = 100
) -> Iterator[Terminal]:
    """Start a program whose controlling terminal this is; killed at the end if it still runs."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    at_first = termios.tcgetattr(slave)
    # The leader of a new session gets the first terminal that it opens; so Ctrl-C reaches the program.
    opening = ["/bin/sh", "-c", 'exec "$@" <"$0" >"$0" 2>&1', os.ttyname(slave), *command]
    process = subprocess.Popen(opening, env=dict(environment), cwd=folder, start_new_session=True)
    try:
        yield Terminal(process, master, slave, at_first)
    finally:
        process.kill()
        process.wait(DEADLINE)
        os.close(master)
        os.close(slave)
