"""Passes that die, or that people disturb: the ports of the engine with something at every call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from sync_engine.engine.context import Context

_UNCOUNTED = ("counts", "clock_skew")


class Killed(BaseException):
    """The process is gone: nothing may catch this, and every later call raises it too."""


class Fuse:
    """Burns at each call of a port; after `calls` of them the process is dead."""

    def __init__(self, calls: int) -> None:
        self.left = calls

    def __call__(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Killed


class Alarm:
    """Does something at one call of a port, and nothing at the others."""

    def __init__(self, call: int, action: Callable[[], None]) -> None:
        self.left = call
        self.action = action

    def __call__(self) -> None:
        self.left -= 1
        if self.left == -1:
            self.action()


def watched(context: Context, before_call: Callable[[], None]) -> Context:
    """The context, with something that happens before and after each call of its ports."""
    return replace(
        context,
        database=_Database(context.database, before_call),
        workspace=_Workspace(context.workspace, before_call),
    )


class _Database:
    def __init__(self, database: Any, tick: Callable[[], None]) -> None:
        self._database = database
        self._tick = tick

    @contextmanager
    def transaction(self, *arguments: str, **options: str) -> Iterator[Any]:
        self._tick()
        with self._database.transaction(*arguments, **options) as uow:
            yield uow
            self._tick()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)


class _Workspace:
    def __init__(self, workspace: Any, tick: Callable[[], None]) -> None:
        self._workspace = workspace
        self._tick = tick

    def changed_since(self, *arguments: Any) -> Iterator[Any]:
        self._tick()
        for batch in self._workspace.changed_since(*arguments):
            yield batch
            self._tick()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._workspace, name)
        if name in _UNCOUNTED:
            return found

        def called(*arguments: Any, **options: Any) -> Any:
            self._tick()
            answer = found(*arguments, **options)
            self._tick()
            return answer

        return called
