"""Single keys from the terminal, without Enter."""

from __future__ import annotations

import os
import select
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_END = "\x04"

LOOK = 0.2
"""Seconds between two looks for a key."""


@contextmanager
def listening() -> Iterator[Callable[[], str]]:
    """Take keys as they are pressed; what was typed before is dropped: nobody had seen the question yet.

    A press gives its character, "" when the terminal is gone or at Ctrl-D, and more than one character for keys
    that are no letters and for pasted text. Ctrl-C interrupts as everywhere. The terminal is put back at the end.
    """
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor, termios.TCSAFLUSH)
    try:
        yield lambda: _pressed(descriptor)
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _pressed(descriptor: int) -> str:
    # A Ctrl-C right before a read would not end it: Python sees to signals between two looks only.
    while not select.select([descriptor], [], [], LOOK)[0]:
        pass
    pressed = os.read(descriptor, 4096).decode(errors="replace")
    return "" if pressed == _END else pressed
