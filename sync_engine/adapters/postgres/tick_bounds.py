"""Where to begin reading the log, without an index on transaction ids.

A bound `(xid, seq)` says: every event of a transaction whose id is above `xid` has a number above `seq`. A tick
makes one by reading the sequence first and taking a transaction id of its own afterwards: whoever gets a
greater id draws its numbers later still. So the numbers of a transaction that was running when the last tick
ended are bounded by what was known when it began, and the reader starts there, however long the transaction
ran; the transactions that began since are bounded by the last tick. A long transaction thus costs one pass over
its own lifetime, at its end, and nothing before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sync_engine.domain.ordering import visible_in

Bound = tuple[int, int]


def parse_snapshot(snapshot: str) -> tuple[int, int, tuple[int, ...]]:
    """xmin, xmax and the running ids of a `pg_snapshot` text."""
    xmin, xmax, running = snapshot.split(":")
    return int(xmin), int(xmax), tuple(int(xid) for xid in running.split(",") if xid)


def precedes(earlier: str, later: str) -> bool:
    """Whether the later snapshot sees all that the earlier one does."""
    _, xmax, _ = parse_snapshot(earlier)
    _, later_xmax, running = parse_snapshot(later)
    return xmax <= later_xmax and not any(visible_in(xid, earlier) for xid in running)


def seq_before(xid: int, bounds: Iterable[Bound]) -> int:
    """A number below all events of that transaction: that of the newest bound at or below its id."""
    return max((seq for bound, seq in bounds if bound <= xid), default=0)


def floor(previous: str, current: str, bounds: Sequence[Bound]) -> int:
    """A number below every event that became visible between the snapshots; `bounds` are those of `previous`.

    These events are of transactions that were running at `previous` and ended, or that were not listed in it: ids
    from its xmax on, of which some may have been running already.
    """
    _, xmax, running = parse_snapshot(previous)
    ended = [xid for xid in running if visible_in(xid, current)]
    return min(seq_before(xid, bounds) for xid in [*ended, xmax])


def floor_after(current: str, bounds: Sequence[Bound]) -> int:
    """A number below every event that the snapshot does not see, now or ever."""
    _, xmax, running = parse_snapshot(current)
    return min(seq_before(xid, bounds) for xid in [*running, xmax])


def kept(current: str, bounds: Sequence[Bound], fresh: Bound | None) -> tuple[Bound, ...]:
    """The bounds that the tick after `current` can need; `fresh` is the one of this tick, if it could make one."""
    known = [*bounds, fresh] if fresh else list(bounds)
    _, xmax, running = parse_snapshot(current)
    needed = {max((bound for bound in known if bound[0] <= xid), default=None) for xid in [*running, xmax]}
    return tuple(sorted(bound for bound in {*needed, fresh} if bound))
