"""Which environment variables reach Postgres and libpq, and how to keep the others away."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

# The loader needs these; everything else (PG*, LC_*, tokens) must not reach the server, whose
# environment other processes of the same account can read.
SERVER_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH")


def server_environment() -> dict[str, str]:
    """The environment of the supervisor: loader variables only; it adds the locale itself."""
    return {name: os.environ[name] for name in SERVER_VARIABLES if name in os.environ}


def clean_environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """A copy of `environ` (default: this process's) without the variables that libpq reads.

    For child processes that connect with the URL of an embedded server.
    """
    source = os.environ if environ is None else environ
    return {name: value for name, value in source.items() if not name.startswith("PG")}


@contextmanager
def libpq_environment_removed() -> Iterator[None]:
    """Take the `PG*` variables out of this process, and put them back at the end.

    The URL of an embedded server leads to it whatever `PGHOST`, `PGHOSTADDR`, `PGPORT`, `PGUSER`,
    `PGDATABASE`, `PGPASSFILE` and `PGOPTIONS` say. But libpq reads the environment at every connect:
    `PGSERVICE`, `PGREQUIREAUTH`, `PGREQUIREPEER`, `PGSSLNEGOTIATION`, `PGSSLCERTMODE`,
    `PGGSSENCMODE`, `PGCHANNELBINDING` and `PGTARGETSESSIONATTRS` can make it fail, and
    `PGCLIENTENCODING`, `PGDATESTYLE` and `PGTZ` change the session. The environment belongs to the
    whole process: enter this once, around all work with the server.
    """
    removed = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("PG")}
    try:
        yield
    finally:
        os.environ.update(removed)
