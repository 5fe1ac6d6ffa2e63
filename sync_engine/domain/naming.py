"""Names: what a column or table is called in Notion, and which columns look like secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sync_engine.domain.schema import Column

_BETWEEN_WORDS = re.compile(r"[\s_\-.]+|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_ACRONYMS = frozenset(
    {"ai", "api", "crm", "csv", "faq", "hr", "html", "id", "ip", "json", "kpi", "llm", "okr", "pdf", "seo", "sla"}
    | {"sku", "sms", "sop", "sql", "ui", "url", "ux"}
)


def words(name: str) -> tuple[str, ...]:
    """The words of an identifier: `system_prompt`, `costUSD` and `order-2` are two each."""
    return tuple(word for word in _BETWEEN_WORDS.split(name) if word)


def property_name(column: str) -> str:
    """A column's name in title case (`system_prompt`: System Prompt; `costUSD`: Cost USD)."""
    return " ".join(_capitalised(word) for word in words(column)) or column


def relation_name(column: str) -> str:
    """A foreign key's name in title case, without its id (`author_id`, `authorId`: Author)."""
    parts = words(column)
    if len(parts) > 1 and parts[-1].lower() in ("id", "uuid", "fk"):
        parts = parts[:-1]
    return " ".join(_capitalised(word) for word in parts) or column


def database_title(table: str) -> str:
    """A table's name in title case, with usual abbreviations in capitals (`llm_models`: LLM Models)."""
    shown = (word.upper() if word.lower() in _ACRONYMS else _capitalised(word) for word in words(table))
    return " ".join(shown) or table


def _capitalised(word: str) -> str:
    return word[:1].upper() + word[1:]


def distinct(name: str, taken: Iterable[str], origin: str) -> str:
    """The name, or with its origin in brackets when it is taken: Notion may not tell names apart by case."""
    folded = {other.casefold() for other in taken}
    if name.casefold() not in folded:
        return name
    candidate, number = f"{name} ({origin})", 2
    while candidate.casefold() in folded:
        candidate, number = f"{name} ({origin} {number})", number + 1
    return candidate


_SECRET_WORDS = frozenset(
    {"password", "passwd", "passphrase", "pwd", "secret", "secrets", "credential", "credentials", "apikey"}
    | {"privatekey", "secretkey", "accesskey", "accesstoken", "authtoken", "dsn"}
)
_KEY_KINDS = frozenset(
    {"api", "private", "access", "secret", "encryption", "signing", "service", "ssh", "auth", "master", "webhook"}
)
_TOKEN_KINDS = frozenset({"access", "refresh", "auth", "api", "bearer", "session", "device", "push", "reset"})
_AFTER_TOKEN = frozenset({"hash", "hashed", "encrypted", "secret", "value"})
_ABOUT_A_SECRET = frozenset(
    {"id", "ids", "name", "count", "type", "label", "alias", "status", "policy", "strength"}
)
_SECRET_BASES = frozenset({"text", "varchar", "bpchar", "citext", "json", "jsonb", "bytea", "uuid", "hstore"})


def looks_secret(column: Column) -> bool:
    """Whether the column's name says that it holds a secret, and its type could.

    Whole words only: `api_key`, `access_token` and `client_secret` are, `max_tokens`, `token_count`,
    `password_changed_at` (a time) and `is_secretary` are not.
    """
    if column.base not in _SECRET_BASES:
        return False
    parts = tuple(word.lower() for word in words(column.name))
    if not parts or parts[-1] in _ABOUT_A_SECRET:
        return False
    if not _SECRET_WORDS.isdisjoint(parts):
        return True
    pairs = tuple(zip(parts, (*parts[1:], ""), strict=True))
    return any(_secret_pair(word, following) for word, following in pairs)


def _secret_pair(word: str, following: str) -> bool:
    if word == "token":
        return not following or following in _AFTER_TOKEN
    if following == "key":
        return word in _KEY_KINDS
    if following == "tokens":
        return word in _TOKEN_KINDS
    return (word, following) in (("connection", "string"), ("pass", "phrase"), ("pass", "word"))
