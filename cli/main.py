"""The entry point: the group of all commands, and the one boundary at which errors become words and codes."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from types import FrameType
from typing import NoReturn

import click

from cli import exits
from cli.boundary import report
from cli.context import Session
from cli.logs import logs_shown
from cli.options import GlobalOptions
from cli.verbs import VerbGroup

PROGRAM = "sync-engine"
COMPLETION = "_SYNC_ENGINE_COMPLETE"

SECTIONS: Mapping[str, Sequence[str]] = {
    "Start": ("demo", "init", "plan", "setup"),
    "Sync": ("sync", "status", "verify", "runs"),
    "Decide": ("conflicts", "held", "brake"),
    "Ask": ("audit", "simulate"),
    "Take back": ("mark", "rollback", "replay", "recover"),
    "Run it": ("run", "serve", "doctor", "log", "db", "sandbox"),
}
"""The commands in the order in which a newcomer meets them."""

ENDING = """\
New here? `sync-engine demo` shows everything on a Postgres and a Notion of its own.

Settings: flags over environment over sync.toml. Environment: DATABASE_URL (without it an embedded Postgres is
used), NOTION_TOKEN, NOTION_PARENT_PAGE_ID, NOTION_API_URL, NOTION_REQUESTS_PER_MINUTE, SYNC_CONFIG; a file .env in
the working directory is read. Times: ISO 8601, `2 hours ago`, or a mark's name. Records are written TABLE KEY; the
values of a composite key are joined by commas, quoted as in CSV.

Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 open conflicts or held records (--strict), 4 Postgres,
5 Notion, 6 not set up, 7 differences, 8 mass-change brake, 9 another run holds the lock.

Completion: put one of these into your shell's start-up file.
  bash  eval "$(_SYNC_ENGINE_COMPLETE=bash_source sync-engine)"
  zsh   eval "$(_SYNC_ENGINE_COMPLETE=zsh_source sync-engine)"
  fish  _SYNC_ENGINE_COMPLETE=fish_source sync-engine | source
"""


def product_version() -> str:
    """The installed version; `unknown` in a folder that was never installed."""
    try:
        return version("sync-engine")
    except PackageNotFoundError:
        return "unknown"


def _show_version(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value:
        session: Session = context.find_root().obj
        session.output.raw(f"{PROGRAM} {product_version()}\n")
        context.exit()


@click.group(
    cls=VerbGroup,
    name=PROGRAM,
    package="cli.commands",
    sections=SECTIONS,
    ending=ENDING,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_show_version,
    help="Print the version and exit.",
)
def group() -> None:
    """Keep Postgres tables and Notion databases equal, both ways.

    Edits cross, conflicts are kept with both values, and everything that was done can be looked up and taken back.
    """


def main() -> NoReturn:
    """Run the command line of this process and exit."""
    if COMPLETION in os.environ:
        group.main(prog_name=PROGRAM, complete_var=COMPLETION)
    signal.signal(signal.SIGTERM, _terminated)
    sys.exit(run(sys.argv[1:], os.environ))


def run(arguments: Sequence[str], environment: Mapping[str, str], session: Session | None = None) -> int:
    """Run one command line; the exit code. Every error is reported here and nowhere else."""
    session = session or Session(environment)
    try:
        with logs_shown(session):
            return _run(session, list(arguments))
    except BrokenPipeError:
        _hush()
        return exits.BROKEN_PIPE
    except KeyboardInterrupt as error:
        return report(session.output, error, session.options.verbose)
    except Exception as error:  # noqa: BLE001 - the one boundary of the program
        if isinstance(error, click.UsageError):
            session.options.merge(GlobalOptions.guessed(arguments))
        return report(session.output, error, session.options.verbose)


def _run(session: Session, arguments: list[str]) -> int:
    code = exits.DONE
    try:
        # Not `group.main`: it ends the process on a broken pipe, and hides an interrupt behind an Abort.
        with group.make_context(PROGRAM, arguments, obj=session) as context:
            group.invoke(context)
    except click.exceptions.Exit as ended:
        code = ended.exit_code
    finally:
        session.close()
    session.output.close()
    return code


def _terminated(_signal: int, _frame: FrameType | None) -> None:
    """SIGTERM ends the run like an error, so that what is open is closed and the run is stored as failed."""
    sys.exit(128 + signal.SIGTERM)


def _hush() -> None:
    """Nobody reads any more: let the interpreter's own flush at the end succeed."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
