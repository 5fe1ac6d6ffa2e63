"""`init`: read the database, write a commented `sync.toml`."""

from __future__ import annotations

import tomllib
from pathlib import Path

import click

from cli import exits
from cli.context import Session, pass_session
from cli.parameters import dry_run_option, tables_option, yes_option
from cli.verbs import Verb
from sync_engine.domain.values import Json, JsonObject
from sync_engine.engine.configure.config_text import merged_text, write_config
from sync_engine.errors import ConfigurationError, UsageError
from sync_engine.settings import load_settings


@click.command(
    "init",
    cls=Verb,
    short_help="Read the database and write a commented sync.toml.",
    changes="the file, and nothing else",
    examples=[
        ("init", "every table of the schema public, into sync.toml"),
        ("init --table agents --table prompts", "two tables"),
        ("init --table orders", "later: add one more to the file that is there"),
        ("init --dry-run", "print it, or what would be added"),
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
@click.option("--overwrite", is_flag=True, help="Write the file anew instead of adding to it.")
@dry_run_option
@yes_option
@pass_session
def command(
    session: Session,
    schemas: tuple[str, ...],
    tables: tuple[str, ...],
    out: Path | None,
    overwrite: bool,
    dry_run: bool,
    yes: bool,
) -> None:
    """Read the database and write a commented sync.toml, to be gone over by hand.

    Columns that look like secrets are left out unless you name them. To a file that is there already it adds the
    tables that the file lacks, after a question, and touches nothing that is written in it.
    """
    target = out or session.config_path
    session.allow_missing_file()
    printed = dry_run or str(target) == "-"
    if not overwrite and target.is_file():
        _add(session, target, schemas, tables, dry_run=dry_run, yes=yes)
        return
    wanted = schemas or (session.settings.postgres.schema,)
    text = write_config(session.app.tables(wanted), wanted, tables, session.app.probe)
    if not printed:
        _write(session, target, text, yes)
    document: JsonObject = {"file": None if printed else str(target), "text": text, "dry_run": dry_run}
    ending = f"wrote {target}; go over it, then: sync-engine plan"
    session.output.result(document, lambda: session.output.raw(text) if printed else session.output.text(ending))


def _add(
    session: Session, target: Path, schemas: tuple[str, ...], tables: tuple[str, ...], *, dry_run: bool, yes: bool
) -> None:
    known = load_settings(target, session.environment)
    first = known.postgres.schema
    wanted = (first, *(schema for schema in schemas if schema != first))
    written = target.read_text(encoding="utf-8-sig")
    found = session.app.tables(wanted)
    text, added = merged_text(written, known.tables, found, wanted, tables, session.app.probe)
    if text != written:
        _refuse_unreadable(text, target)
        if not dry_run:
            session.ask(f"{target} exists. Add {', '.join(added) or 'what is new'} to it?", yes=yes)
            _save(target, text)
    names: list[Json] = [*added]
    document: JsonObject = {"file": str(target), "text": text, "added": names, "dry_run": dry_run}
    told = f"{'would add' if dry_run else 'added'} {', '.join(added)} to {target}" if added else ""
    ending = told or (f"{target} names every table already" if text == written else f"added comments to {target}")
    shown = text[len(written.rstrip()) :].lstrip() if dry_run and text != written else ""
    session.output.result(document, lambda: session.output.raw(shown) if shown else session.output.text(ending))


def _refuse_unreadable(text: str, target: Path) -> None:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(
            f"{target} lists its tables in a way to which no [[tables]] can be added: {error}",
            hint="print them with `init --out -`, and add them by hand",
        ) from error


def _write(session: Session, target: Path, text: str, yes: bool) -> None:
    if target.is_dir():
        raise UsageError(f"{target} is a folder", hint="name a file with --out")
    if target.exists() and target.read_text(encoding="utf-8", errors="replace") != text:
        session.ask(f"{target} exists. Overwrite it?", yes=yes)
    _save(target, text)


def _save(target: Path, text: str) -> None:
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"{target} cannot be written: {error.strerror}", hint="name another file with --out"
        ) from error
