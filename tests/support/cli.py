"""The command line inside a test's process, with what it printed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from cli.main import run


@dataclass(frozen=True)
class Ran:
    """One run: exit code, standard output, standard error."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """The one document on standard output."""
        return json.loads(self.out)


def command_line(capsys: pytest.CaptureFixture[str], environment: Mapping[str, str]) -> Callable[..., Ran]:
    """`sync_engine("sync", "--json")` with this environment and no other."""

    def sync_engine(*arguments: str) -> Ran:
        capsys.readouterr()
        code = run(arguments, environment)
        shown = capsys.readouterr()
        return Ran(code, shown.out, shown.err)

    return sync_engine
