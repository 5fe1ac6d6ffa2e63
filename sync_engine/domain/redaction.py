"""Redaction: values of a record that were taken out of its past, and how their place is marked. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256

from sync_engine.domain.archive import Stored
from sync_engine.domain.values import Json, JsonObject

REDACTED: Mapping[str, Json] = {"redacted": True}
"""What stands where a value stood."""

_BEFORE, _AFTER = 7, 8  # the images in the text of an event


def is_redacted(value: Json) -> bool:
    """Whether a value was taken out."""
    return isinstance(value, dict) and value == REDACTED


def without_redacted(image: JsonObject | None) -> tuple[JsonObject | None, tuple[str, ...]]:
    """An image without the values that were taken out, and their names: nobody must take the mark for a value."""
    if not image:
        return image, ()
    names = tuple(name for name, value in image.items() if is_redacted(value))
    return ({name: value for name, value in image.items() if name not in names} if names else image), names


def redacted_event(stored: Stored, names: Sequence[str], keep: Sequence[str]) -> Stored:
    """An archived event without these values (all but `keep` when none is named), under the digest that it had."""
    parts: list[Json] = json.loads(stored.text)
    images = [_redacted(parts[place], names, keep) for place in (_BEFORE, _AFTER)]
    if images == [parts[_BEFORE], parts[_AFTER]]:
        return stored
    parts[_BEFORE], parts[_AFTER] = images
    return replace(stored, text=json.dumps(parts, ensure_ascii=False), digest=stored.sealed)


def _redacted(image: Json, names: Sequence[str], keep: Sequence[str]) -> Json:
    if not isinstance(image, dict):
        return image
    chosen = set(names) if names else image.keys() - set(keep)
    return {name: dict(REDACTED) if name in chosen else value for name, value in image.items()}


def redaction_digest(rows: Iterable[tuple[int, bytes, bytes]]) -> str:
    """A digest over which events were redacted, from what, to what."""
    return sha256(b"".join(seq.to_bytes(8, "big") + was + now for seq, was, now in sorted(rows))).hexdigest()


def redaction_proof(rows: Sequence[tuple[int, bytes, bytes]]) -> str:
    """How what the log says of a redaction ends; sealed as any event."""
    return f"(redacted {len(rows)} events, digest {redaction_digest(rows)})"
