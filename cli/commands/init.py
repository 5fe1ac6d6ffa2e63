"""`init`: read the database, write a commented `sync.toml`."""

from __future__ import annotations

from pathlib import Path

import click

from cli import exits
from cli.context import Session, pass_session
from cli.parameters import dry_run_option, tables_option, yes_option
from cli.verbs import Verb
from sync_engine.domain.values import JsonObject
from sync_engine.engine.configure.config_text import write_config
from sync_engine.errors import ConfigurationError, UsageError


@click.command(
    "init",
    cls=Verb,
    short_help="Read the database and write a commented sync.toml.",
    changes="the file, and nothing else",
    examples=[
        ("init", "every table of the schema public, into sync.toml"),
        ("init --table agents --table prompts", "two tables"),
        ("init --dry-run", "print it"),
    ],
    exits=[*exits.EVERYWHERE, exits.DATABASE],
)
@click.option(
    "--schema",
    "schemas",
    multiple=True,
    metavar="SCHEMA",
    help="Read this schema; may be repeated.  [default: public]",
)
@tables_option
@click.option(
    "--out", metavar="FILE", type=click.Path(path_type=Path), help="Write here; - prints.  [default: sync.toml]"
)
@dry_run_option
@yes_option
@pass_session
def command(
    session: Session, schemas: tuple[str, ...], tables: tuple[str, ...], out: Path | None, dry_run: bool, yes: bool
) -> None:
    """Read the database and write a commented sync.toml, to be gone over by hand.

    Columns that look like secrets are left out unless you name them. It asks before it overwrites a file.
    """
    target = out or session.config_path
    session.allow_missing_file()
    wanted = schemas or (session.settings.postgres.schema,)
    text = write_config(session.app.tables(wanted), wanted, tables, session.app.probe)
    printed = dry_run or str(target) == "-"
    if not printed:
        _write(session, target, text, yes)
    document: JsonObject = {"file": None if printed else str(target), "text": text, "dry_run": dry_run}
    ending = f"wrote {target}; go over it, then: sync-engine plan"
    session.output.result(document, lambda: session.output.raw(text) if printed else session.output.text(ending))


def _write(session: Session, target: Path, text: str, yes: bool) -> None:
    if target.is_dir():
        raise UsageError(f"{target} is a folder", hint="name a file with --out")
    if target.exists() and target.read_text(encoding="utf-8", errors="replace") != text:
        session.ask(f"{target} exists. Overwrite it?", yes=yes)
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"{target} cannot be written: {error.strerror}", hint="name another file with --out"
        ) from error
