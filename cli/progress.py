"""A progress bar for what lasts longer than a second."""

from __future__ import annotations

import time

from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress

PATIENCE = 1.0
"""Seconds before anything is shown."""


class Progress:
    """One line at the bottom of the terminal: the step at work, how far it is, for how long."""

    def __init__(self, console: Console | None) -> None:
        self._console = console
        self._since = time.monotonic()
        self._bar: RichProgress | None = None
        self._task: TaskID | None = None

    def report(self, what: str, done: int, total: int) -> None:
        """Show the step; `total` 0 is unknown."""
        if self._console is None or time.monotonic() - self._since < PATIENCE:
            return
        if self._bar is None:
            self._bar = _bar(self._console)
            self._bar.start()
        if self._task is None:
            self._task = self._bar.add_task(what, total=None, count="")
        count = f"{done}/{total}" if total else str(done)
        self._bar.update(self._task, description=what, completed=done, total=total or None, count=count)

    def stop(self) -> None:
        """Wipe the line."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
            self._task = None


def no_bar() -> Progress:
    """Reports nowhere: stderr is no terminal, or --quiet."""
    return Progress(None)


def _bar(console: Console) -> RichProgress:
    return RichProgress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[count]}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
