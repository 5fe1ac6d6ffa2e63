"""What a command works with: options, settings, output, and the App, each made when it is first asked for."""

from __future__ import annotations

import os
import pwd
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.options import GlobalOptions
from cli.output import Output
from cli.times import parse_position
from sync_engine.errors import NotSetUp, UsageError
from sync_engine.settings import Settings, load_settings, with_dotenv

if TYPE_CHECKING:
    from sync_engine.bootstrap import App
    from sync_engine.engine.context import Context
    from sync_engine.ports.database import UnitOfWork


class Session:
    """One run of the command line. Nothing is read, connected or started before a command asks for it."""

    def __init__(self, environment: Mapping[str, str], options: GlobalOptions | None = None) -> None:
        self.environment = environment
        self.options = options or GlobalOptions()
        self.stop = threading.Event()
        self._closing = ExitStack()

    @cached_property
    def output(self) -> Output:
        """Where the command speaks; made after the options are parsed."""
        return Output(self.options, self.environment)

    @property
    def config_path(self) -> Path:
        """The configuration file, whether it exists or not."""
        return Path(self.options.config or self.environment.get("SYNC_CONFIG") or "sync.toml")

    @cached_property
    def settings(self) -> Settings:
        """Flags over environment over `.env` over `sync.toml`. Raises ConfigurationError."""
        chosen = Path(self.options.config) if self.options.config else None
        return load_settings(chosen, with_dotenv(self.environment, Path.cwd()))

    def allow_missing_file(self) -> None:
        """Let a command go on without a configuration file: it is about to write it."""
        if not self.config_path.exists():
            self.options.config = None
            self.environment = {key: value for key, value in self.environment.items() if key != "SYNC_CONFIG"}

    @cached_property
    def app(self) -> App:
        """Both sides, opened; closed when the command ends."""
        # Here and not above: the drivers take a second to import, and `--help` needs none of them.
        from sync_engine.bootstrap import open_app

        return self._closing.enter_context(open_app(self.settings, self.output.progress, self.stop))

    @cached_property
    def context(self) -> Context:
        """What the engine's use cases take. Raises NotSetUp before `setup`, ConfigurationError without tables."""
        self.settings.require_tables()
        self._require_setup()
        return self.app.context

    @contextmanager
    def stored(self) -> Iterator[UnitOfWork]:
        """A transaction over what the engine has stored. Raises NotSetUp."""
        self._require_setup()
        with self.app.database.transaction() as uow:
            yield uow

    def _require_setup(self) -> None:
        if not self.app.database.is_set_up():
            raise NotSetUp("the engine schema is not in this database", hint="run `sync-engine setup`")

    @property
    def who(self) -> str:
        """The person at the keyboard, as far as the machine knows."""
        named = next((name for key in ("USER", "LOGNAME") if (name := self.environment.get(key))), "")
        return named or _account()

    def close(self) -> None:
        """Close what was opened."""
        self._closing.close()

    def ask(self, question: str, *, yes: bool) -> None:
        """Go on only when a person agrees.

        Raises UsageError when there is nobody to ask, and click.Abort when the answer is no.
        """
        if yes:
            return
        if not sys.stdin.isatty():
            raise UsageError(
                f"nobody can answer: {question}",
                hint="standard input is no terminal; look with --dry-run, then repeat with --yes",
            )
        if not self.output.confirm(question):
            raise click.Abort

    def moment(self, text: str | None, option: str) -> datetime | None:
        """The time that an option names: ISO 8601, `2 hours ago`, or a mark. Raises UsageError."""
        return None if text is None else parse_position(text, datetime.now(UTC), self._mark_time, option)

    def _mark_time(self, name: str) -> datetime | None:
        with self.stored() as uow:
            mark = uow.marks.get(name)
        return None if mark is None else mark.at


pass_session = click.make_pass_decorator(Session)


def _account() -> str:
    """The operating system's name of the account, which containers and services may run without."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return ""
