"""Order of log reading: which transactions a `pg_snapshot` already saw."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=256)
def _parse(snapshot: str) -> tuple[int, int, frozenset[int]]:
    xmin, xmax, running = snapshot.split(":")
    return int(xmin), int(xmax), frozenset(int(txid) for txid in running.split(",") if txid)


def visible_in(txid: int, snapshot: str) -> bool:
    """Whether a committed transaction was already visible in the snapshot (`xmin:xmax:xip,...`).

    The same rule as `pg_visible_in_snapshot`; the caller must know that the transaction committed.
    """
    xmin, xmax, running = _parse(snapshot)
    if txid < xmin:
        return True
    return txid < xmax and txid not in running
