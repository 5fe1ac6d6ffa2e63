"""Database URLs as text: the libpq form, the SQLAlchemy form, and a form without the password."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, urlencode

from sync_engine.errors import ConfigurationError

_SCHEME = re.compile(r"^([A-Za-z][\w+.-]*)://", re.ASCII)
_POSTGRES = re.compile(r"^(postgres|postgresql)(\+\w+)?$", re.ASCII)
_KEYWORD = re.compile(r"^\s*\w+\s*=")
_KEYWORD_PASSWORD = re.compile(r"\b(password|sslpassword)\s*=\s*('(?:\\.|[^'])*'|\S*)", re.IGNORECASE)
_URL_PASSWORD = re.compile(r"^([A-Za-z][\w+.-]*://[^:@/?#]*):([^/?#]*)@")

OTHER_TOOLS = frozenset(
    {
        "pgbouncer",
        "connection_limit",
        "pool_timeout",
        "pool_size",
        "max_overflow",
        "socket_timeout",
        "statement_cache_size",
        "prepared_statement_cache_size",
        "schema",
        "supa",
        "workaround",
    }
)
"""Parameters that Prisma, asyncpg and SQLAlchemy write into URLs, and that libpq refuses."""

FORM = "it looks like postgresql://user:password@host:5432/database"


def libpq_url(text: str) -> str:
    """What psycopg takes: `postgresql://...` without driver names and foreign parameters, or keywords as given.

    Raises ConfigurationError, which never repeats the text, for anything that is no Postgres address.
    """
    text = text.strip()
    scheme = _SCHEME.match(text)
    if scheme is None:
        if _KEYWORD.match(text):
            return text
        raise ConfigurationError("the database URL cannot be read", hint=FORM)
    if not _POSTGRES.match(scheme[1].lower()):
        raise ConfigurationError(f"the database URL is for {scheme[1]}, not for Postgres", hint=FORM)
    rest, mark, query = text[scheme.end() :].partition("?")
    kept = [pair for pair in query.split("&") if pair and pair.partition("=")[0].lower() not in OTHER_TOOLS]
    return f"postgresql://{rest}{mark if kept else ''}{'&'.join(kept)}"


def sqlalchemy_url(text: str) -> str:
    """What SQLAlchemy takes: `postgresql+psycopg://...`; several hosts and socket folders go into the query."""
    url = libpq_url(text)
    if "://" not in url:
        return f"postgresql+psycopg://?{urlencode(_keywords(url), quote_via=quote)}"
    rest, _, query = url.removeprefix("postgresql://").partition("?")
    authority, slash, database = rest.partition("/")
    login, at, hosts = authority.rpartition("@")
    if "," in hosts or "%2f" in hosts.lower():
        query = "&".join(part for part in (_hosts_query(hosts), query) if part)
        authority = f"{login}{at}"
    return f"postgresql+psycopg://{authority}{slash}{database}{'?' if query else ''}{query}"


def _hosts_query(hosts: str) -> str:
    names, ports = [], []
    for host in hosts.split(","):
        name, _, port = host.rpartition(":") if re.search(r":\d*$", host) else (host, "", "")
        names.append(name.strip("[]"))
        ports.append(port or "5432")
    return f"host={','.join(names)}&port={','.join(ports)}"


def _keywords(text: str) -> dict[str, str]:
    """The parameters of `host=... dbname='...'`."""
    found = re.findall(r"(\w+)\s*=\s*('(?:\\.|[^'\\])*'|(?:\\.|[^\s\\])*)", text)
    return {name: re.sub(r"\\(.)", r"\1", value[1:-1] if value[:1] == "'" else value) for name, value in found}


def has_password(text: str) -> bool:
    """Whether the address carries a password."""
    if _URL_PASSWORD.search(text.strip()) or _KEYWORD_PASSWORD.search(text.partition("?")[0]):
        return True
    return any(name.lower() in ("password", "sslpassword") for name, _ in parse_qsl(text.partition("?")[2]))
