"""Webhook deliveries: whether one is genuine, and the hint that it holds; its content is never believed."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum

import orjson

from sync_engine.domain.values import Json
from sync_engine.ports.hints import Hint

LARGEST = 262_144
"""Bytes of the largest delivery that is read; they hold ids only."""

AHEAD = timedelta(minutes=10)
"""How far an event may lie in the future: clocks differ."""

FOLLOWED = ("page", "data_source")
"""Kinds of entities that concern a table."""

_SCHEME = "sha256="
_UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.IGNORECASE)


class Verdict(Enum):
    """What is wrong with a genuine delivery: nothing to follow, or outside of the window."""

    IGNORED = "ignored"
    TOO_OLD = "too_old"
    GARBAGE = "garbage"


def is_genuine(token: str, raw: bytes, signature: str) -> bool:
    """Whether `X-Notion-Signature` is the HMAC-SHA256 of the raw body under the token; in constant time."""
    wanted = hmac.new(token.encode(), raw, hashlib.sha256).hexdigest()
    given = signature.strip().lower()
    return hmac.compare_digest((_SCHEME + wanted).encode(), given.encode())


def verification_token(raw: bytes) -> str:
    """The token of the handshake, which Notion sends once, unsigned as far as we can tell; empty for an event."""
    body = _object(raw)
    token = body.get("verification_token") if body is not None else None
    return token if isinstance(token, str) and set(body or {}) == {"verification_token"} else ""


def fingerprint(token: str) -> str:
    """What may be shown of a token, to compare two of them."""
    return hashlib.sha256(token.encode()).hexdigest()[:12]


def read_delivery(raw: bytes, now: datetime, max_age: timedelta) -> Hint | Verdict:
    """The hint of a genuine delivery, or why there is none."""
    body = _object(raw)
    if body is None:
        return Verdict.GARBAGE
    event_id, kind, at = body.get("id"), body.get("type"), _moment(body.get("timestamp"))
    if not isinstance(event_id, str) or not event_id or not isinstance(kind, str) or at is None:
        return Verdict.GARBAGE
    if not now - max_age <= at <= now + AHEAD:
        return Verdict.TOO_OLD
    entity_id = _id(_inner(body, "entity").get("id"))
    if kind.partition(".")[0] not in FOLLOWED or not entity_id:
        return Verdict.IGNORED
    parent = _inner(_inner(body, "data"), "parent")
    return Hint(
        event_id=event_id,
        kind=kind,
        entity_id=entity_id,
        occurred_at=at,
        data_source_id=_id(parent.get("data_source_id")),
        authors=_authors(body.get("authors")),
    )


def _object(raw: bytes) -> Mapping[str, Json] | None:
    try:
        body = orjson.loads(raw)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _inner(value: Mapping[str, Json], key: str) -> Mapping[str, Json]:
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def _id(value: Json) -> str:
    """An id as it is stored: dashed, lower case; empty when it is none."""
    if not isinstance(value, str) or not _UUID.fullmatch(value):
        return ""
    digits = value.replace("-", "").lower()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _authors(value: Json) -> tuple[str, ...]:
    authors = value if isinstance(value, list) else []
    return tuple(_id(item.get("id")) for item in authors if isinstance(item, dict))


def _moment(value: Json) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
