"""The narrator: runs each command through the real command line, prints it as typed, and checks what it did."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

from cli.context import Session
from cli.main import PROGRAM, run
from cli.options import GlobalOptions
from cli.output import Output
from sync_engine.domain.values import Json, JsonObject
from sync_engine.errors import SyncEngineError


class DemoFailed(SyncEngineError):
    """A step of the demo did not do what it says."""

    code = "demo"


@dataclass
class Narrator:
    """Tells the story on `output`; `steps` remembers the commands for --json."""

    output: Output
    options: GlobalOptions
    environment: Mapping[str, str]
    steps: list[Json] = field(default_factory=list)

    def chapter(self, title: str) -> None:
        """A new part of the story."""
        self.output.text()
        self.output.heading(f"── {title} " + "─" * max(0, 90 - len(title)))

    def say(self, line: str) -> None:
        """A sentence."""
        self.output.text(line)

    def run(self, *arguments: str, expected: int = 0) -> Json:
        """Show a command, run it, and return the document behind what it printed.

        Raises DemoFailed when it ends with another code than `expected`, KeyboardInterrupt when interrupted.
        """
        self.output.text()
        self.output.heading(f"$ {PROGRAM} {shlex.join(arguments)}")
        document, code = self._run(arguments, quiet=self.options.quiet or self.options.json)
        self.steps.append({"command": shlex.join([PROGRAM, *arguments]), "exit_code": code})
        self.check(code == expected, f"`{shlex.join([PROGRAM, *arguments])}` ended with {code}, not {expected}")
        return document

    def ask(self, *arguments: str) -> Json:
        """The document of a command, without showing it."""
        document, code = self._run(arguments, quiet=True)
        self.check(code == 0, f"`{shlex.join([PROGRAM, *arguments])}` ended with {code}")
        return document

    def attempt(self, *arguments: str) -> Json:
        """The document of a command, without showing it, whether it succeeds or not; errors show on stderr."""
        return self._run(arguments, quiet=True)[0]

    def _run(self, arguments: tuple[str, ...], *, quiet: bool) -> tuple[Json, int]:
        options = GlobalOptions(quiet=quiet, verbose=self.options.verbose, no_color=self.options.no_color)
        session = Session(self.environment, options)
        code = run(arguments, self.environment, session)
        if code in (130, 143):
            raise KeyboardInterrupt
        return session.output.document, code

    def check(self, holds: bool, wrong: str) -> None:
        """Raise DemoFailed unless it holds."""
        if not holds:
            raise DemoFailed(f"the demo went wrong: {wrong}", hint="report it, with the lines above")


def objects(document: Json) -> list[JsonObject]:
    """The objects of a JSON array."""
    return [item for item in document if isinstance(item, dict)] if isinstance(document, list) else []


def found(document: Json, *path: str) -> Json:
    """A value inside JSON objects; None when it is not there."""
    for name in path:
        document = document.get(name) if isinstance(document, dict) else None
    return document
