"""DATABASE_URL: any form that libpq or a hosting provider writes, as connection parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping

import psycopg
from psycopg.conninfo import conninfo_to_dict

from sync_engine.errors import ConfigurationError

_DRIVER = re.compile(r"^(postgres(?:ql)?)\+\w+://")
_UNKNOWN_PARAMETER = re.compile(r'^invalid (?:URI query parameter|connection option)\W*"([\w.-]+)"')

_KEEPALIVES = {
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "connect_timeout": "15",
}
"""A network that went away is noticed within about a minute, not within the two hours of most systems."""


def connection_parameters(url: str) -> dict[str, str]:
    """The libpq parameters of a URL (`postgresql://`, `postgres://`, `postgresql+psycopg://`) or keyword string.

    What the URL says wins over the PG* variables of the environment: a URL with a host but no port means 5432
    (not PGPORT), and PGHOSTADDR cannot lead elsewhere. Raises ConfigurationError, which never quotes the URL.
    """
    if not url.strip():
        raise ConfigurationError("DATABASE_URL is empty", hint=_FORM)
    try:
        parsed = conninfo_to_dict(_DRIVER.sub(r"\1://", url.strip()))
    except psycopg.Error as error:
        raise ConfigurationError(_unusable(str(error)), hint=_FORM) from None
    parameters = _KEEPALIVES | {name: str(value) for name, value in parsed.items()}
    if parameters.get("host"):
        parameters.setdefault("port", "5432")
        parameters.setdefault("hostaddr", "")
    return parameters | {"application_name": "sync-engine", "client_encoding": "utf8"}


def describe(parameters: Mapping[str, str]) -> str:
    """Where the parameters lead, for people: database, host, port and user, never the password."""
    host = parameters.get("host") or parameters.get("hostaddr") or "the local socket"
    port = f":{parameters['port']}" if parameters.get("port") and not host.startswith("/") else ""
    database = f"database {parameters['dbname']!r} at " if parameters.get("dbname") else ""
    user = f" as {parameters['user']!r}" if parameters.get("user") else ""
    return f"{database}{host}{port}{user}"


_FORM = "it looks like postgresql://user:password@host:5432/database"


def _unusable(message: str) -> str:
    # libpq quotes the text it cannot read, password included; only the name of a parameter is safe to repeat.
    if found := _UNKNOWN_PARAMETER.match(message):
        return f"DATABASE_URL has a parameter that Postgres does not know: {found[1]}"
    return "DATABASE_URL cannot be read as a Postgres URL"
