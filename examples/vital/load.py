"""Loads the VITAL example into a database: `python examples/vital/load.py [--real DIR] [DATABASE_URL]`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from cli.vital_example import Connection, count_rows, load_real, load_sample, load_schema
from sync_engine.adapters.postgres.connection import connect
from sync_engine.adapters.postgres.errors import translated
from sync_engine.adapters.postgres.url import connection_parameters, describe
from sync_engine.errors import ConfigurationError, SyncEngineError

HERE = Path(__file__).resolve().parent
REAL_ROWS = HERE.parents[1].parent / "shared" / "data" / "vital"


def main(arguments: list[str] | None = None) -> int:
    """Load what was asked for in one transaction; return the exit code (docs/reference/exit-codes.md)."""
    options = _parser().parse_args(arguments)
    try:
        parameters = connection_parameters(_given(options.database_url))
        with translated(describe(parameters)), connect(parameters) as connection:
            report = load(connection, options.real, options.schema_only)
    except SyncEngineError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    print("\n".join(report))
    return 0


def load(connection: Connection, real: str | None, schema_only: bool) -> list[str]:
    """Create what is missing and insert the rows; return what was done, one line for each table."""
    missing = load_schema(connection)
    report = [f"schema: {len(missing)} tables created" if missing else "schema: already there"]
    if schema_only:
        return report
    folder = _real_folder(real)
    new = load_real(connection, folder) if folder else load_sample(connection)
    present = count_rows(connection)
    report.append(f"rows: {f'real, from {folder}' if folder else 'sample'}")
    report += [f"  {table:<24} {count:>5} new {present[table]:>6} in all" for table, count in new.items()]
    return report


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Load the VITAL example. Repeating it changes nothing.")
    parser.add_argument(
        "database_url",
        nargs="?",
        default=os.environ.get("DATABASE_URL"),
        metavar="DATABASE_URL",
        help="any libpq or SQLAlchemy URL (default: the environment's DATABASE_URL)",
    )
    parser.add_argument(
        "--real",
        metavar="DIR",
        help="load a folder of real rows instead of the sample; 'auto': ../shared/data/vital beside the"
        " repository when it is there, otherwise the sample",
    )
    parser.add_argument("--schema-only", action="store_true", help="create the tables, insert nothing")
    return parser


def _real_folder(real: str | None) -> Path | None:
    if real == "auto":
        return REAL_ROWS if REAL_ROWS.is_dir() else None
    return Path(real) if real else None


def _given(url: str | None) -> str:
    if not url:
        raise ConfigurationError(
            "no database given", hint="name it: load.py postgresql://user@host/db, or set DATABASE_URL"
        )
    return url


if __name__ == "__main__":
    sys.exit(main())
