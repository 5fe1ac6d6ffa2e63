"""Rows as JSON texts for `jsonb_to_recordset`: how many rows reach the server in one parameter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

ROWS = 2_000
BYTES = 16 * 2**20
"""Rows and bytes of one text: enough to be fast, few enough that memory stays flat on both sides."""


def recordsets(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """JSON arrays of the rows, in order; each row gets its place in the array as `i`.

    Times become ISO texts with their microseconds. The rows must not be used afterwards: `i` is written into them.
    """
    texts: list[bytes] = []
    size = 0
    for row in rows:
        if len(texts) >= ROWS or size > BYTES:
            yield _array(texts)
            texts, size = [], 0
        row["i"] = len(texts)
        texts.append(orjson.dumps(row))
        size += len(texts[-1])
    if texts:
        yield _array(texts)


def _array(texts: list[bytes]) -> str:
    return (b"[" + b",".join(texts) + b"]").decode()
