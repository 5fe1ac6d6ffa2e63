"""Options and arguments that several verbs share, so that they read the same everywhere."""

from __future__ import annotations

import click

from sync_engine.errors import UsageError

tables_option = click.option(
    "--table", "tables", multiple=True, metavar="TABLE", help="Only this table; may be repeated."
)
table_option = click.option("--table", default="", metavar="TABLE", help="Only this table.")
dry_run_option = click.option("--dry-run", is_flag=True, help="Print what would be done; change nothing.")
yes_option = click.option(
    "--yes", "-y", is_flag=True, help="Do not ask. Without a terminal a question is a refusal."
)
table_argument = click.argument("table", metavar="TABLE")


def _key(_context: click.Context, _parameter: click.Parameter, key: str) -> str:
    if not key:
        raise UsageError("the record key is empty", hint=EMPTY_KEY_HINT)
    return key


key_argument = click.argument("key", metavar="KEY", callback=_key)
EMPTY_KEY_HINT = """a row whose text key is the empty string is written '""', as on its page"""
