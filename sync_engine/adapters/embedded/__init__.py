"""A private Postgres that starts when it is needed and goes when its last user process goes."""

from __future__ import annotations

import sys

from sync_engine.errors import ConfigurationError

if sys.platform == "win32":
    raise ConfigurationError(
        "embedded Postgres needs Unix sockets, file locks and signals, which Windows lacks",
        hint="set DATABASE_URL to a Postgres server, or run under WSL",
    )

from sync_engine.adapters.embedded.binaries import Binaries, find_binaries
from sync_engine.adapters.embedded.environment import clean_environment, libpq_environment_removed
from sync_engine.adapters.embedded.folders import default_data_dir
from sync_engine.adapters.embedded.server import EmbeddedServer

__all__ = [
    "Binaries",
    "EmbeddedServer",
    "clean_environment",
    "default_data_dir",
    "find_binaries",
    "libpq_environment_removed",
]
