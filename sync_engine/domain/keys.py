"""Record keys: the text by which a row is named everywhere (`uuid`, `42`, `a,"b,c"`)."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence

from sync_engine.errors import UsageError

_EMPTY = '""'
_SPECIAL = re.compile(r'[,"\r\n]')


def encode_key(parts: Sequence[str]) -> str:
    """Join the text forms of the key columns, in key order, with CSV quoting.

    A key of one column is its text unchanged, so that a person can paste it; only the empty text is written `""`,
    because a page cannot tell an empty property from none (and a text of quotation marks alone gets two more, to
    stay another key). The capture trigger makes the same text (`adapters/postgres/images.py`), so the rule is
    spelt out here and not left to the csv module, whose versions differ on line ends.
    """
    if len(parts) == 1:
        return parts[0] if parts[0].strip('"') else _EMPTY + parts[0]
    return ",".join(_quoted(part) if _SPECIAL.search(part) else part for part in parts)


def _quoted(part: str) -> str:
    return '"' + part.replace('"', '""') + '"'


def decode_key(key: str, columns: int) -> tuple[str, ...]:
    """Split a key into its `columns` parts. Raises UsageError when it has another number of parts."""
    if columns == 1:
        return (key if key.strip('"') else key.removeprefix(_EMPTY),)
    parts = tuple(next(csv.reader([key]), []))
    if len(parts) != columns:
        raise UsageError(
            f"record key {key!r} has {len(parts)} parts, the table's key has {columns}",
            hint="write the key values in key order, joined by commas; quote a value that holds a comma",
        )
    return parts
