"""Three-way merge of one field: base, both sides, policy → what crosses, and what is a conflict.

Pure and total. The laws it holds are in `tests/properties/test_merge.py`: a one-sided edit always crosses and is
never a conflict, the same edit on both sides is none, a second merge does nothing, no value is lost.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Literal, assert_never

from sync_engine.domain.codecs.codec import FieldError
from sync_engine.domain.combine import Combined, combine
from sync_engine.domain.events import Side
from sync_engine.domain.mapping import ConflictPolicy
from sync_engine.domain.record import PendingChange
from sync_engine.domain.times import Order
from sync_engine.domain.values import Value

AmbiguousPolicy = Literal["notion", "postgres", "manual"]
"""Who wins when the order of two edits cannot be known."""

ConflictType = Literal["update_differing", "ambiguous_time", "insert_exists", "delete_recently_updated"]


class Outcome(Enum):
    """What the merge decided for the field."""

    UNCHANGED = "unchanged"
    POSTGRES_CROSSES = "postgres crosses"
    NOTION_CROSSES = "notion crosses"
    CONVERGENT = "convergent"
    HELD = "held"
    MERGED = "merged"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision for one field. `conflict` is set when both sides changed it differently; `reason` then is the
    sentence that a person reads. `value`: of MERGED, what both sides shall hold."""

    outcome: Outcome
    conflict: ConflictType | None = None
    reason: str = ""
    value: Value = None


Resolver = Callable[[Value, Value, Value], Combined | None]
"""(base, Postgres' value, Notion's) → what both shall hold; None leaves it to a person."""


_UNCHANGED = Verdict(Outcome.UNCHANGED)
_FROM_POSTGRES = Verdict(Outcome.POSTGRES_CROSSES)
_FROM_NOTION = Verdict(Outcome.NOTION_CROSSES)
_CONVERGENT = Verdict(Outcome.CONVERGENT)


def _itself(value: Value) -> Value:
    return value


def merge_field(
    postgres: PendingChange | None,
    notion: PendingChange | None,
    *,
    weaken: Callable[[Value], Value],
    policy: ConflictPolicy,
    ambiguous: AmbiguousPolicy,
    has_base: bool = True,
    base: Value = None,
    lift: Callable[[Value], Value] = _itself,
    custom: Resolver | None = None,
) -> Verdict:
    """Decide one field from what each side changed since the base.

    Equality is judged in Notion's (weaker) domain, so that seconds of a date or a NULL checkbox never make a
    conflict. `has_base` is False for records that were linked with values on both sides. `lift` makes of Notion's
    value what Postgres would store; `custom` decides under the policy `custom`.
    """
    if notion is None:
        return _UNCHANGED if postgres is None else _FROM_POSTGRES
    if postgres is None:
        return _FROM_NOTION
    if weaken(postgres.value) == notion.value:
        return _CONVERGENT
    kind: ConflictType = "update_differing" if has_base else "insert_exists"
    if policy in _COMBINING or policy == "custom":
        values = (base, postgres.value, lift(notion.value))
        found = _combined(values, policy, custom, kind)
        if found is not None:
            return replace(found, value=lift(found.value)) if policy == "union" else found
        return _newest(postgres, notion, ambiguous, kind)
    return decide_between(postgres, notion, policy, ambiguous, kind)


_COMBINING = frozenset({"union", "min", "max", "delta", "lines"})


def _combined(
    values: tuple[Value, Value, Value], policy: ConflictPolicy, custom: Resolver | None, kind: ConflictType
) -> Verdict | None:
    """What a policy makes of both values; None where it can make nothing of them."""
    if policy == "custom":
        try:
            found = None if custom is None else custom(*values)
        except FieldError as error:
            return Verdict(Outcome.HELD, kind, f"{error}; a person decides")
        if found is None:
            return Verdict(Outcome.HELD, kind, "the resolver leaves it to a person")
        return Verdict(Outcome.MERGED, kind, f"the resolver decided: {found.how}", found.value)
    if kind == "insert_exists" and policy not in ("union", "min", "max"):
        return None
    match policy:
        case "union" | "min" | "max" | "delta" | "lines":
            found = combine(policy, *values)
        case _:
            found = None
    if found is None:
        return None
    return Verdict(Outcome.MERGED, kind, f"the policy for this field is {policy}: {found.how}", found.value)


def decide_between(
    postgres: PendingChange,
    notion: PendingChange,
    policy: ConflictPolicy,
    ambiguous: AmbiguousPolicy,
    kind: ConflictType = "update_differing",
) -> Verdict:
    """Which of two different edits wins, or that a person decides; a policy that combines is `newest` here."""
    match policy:
        case "postgres":
            return _won(Side.POSTGRES, kind, "the policy for this field is postgres")
        case "notion":
            return _won(Side.NOTION, kind, "the policy for this field is notion")
        case "manual":
            return Verdict(Outcome.HELD, kind, "the policy for this field is manual: a person decides")
        case _:
            return _newest(postgres, notion, ambiguous, kind)


def _newest(
    postgres: PendingChange, notion: PendingChange, ambiguous: AmbiguousPolicy, kind: ConflictType
) -> Verdict:
    told = f"Postgres was edited at {_time(postgres)}, Notion between {_times(notion)}"
    match postgres.at.compared_to(notion.at):
        case Order.AFTER:
            return _won(Side.POSTGRES, kind, f"{told}: the Postgres edit is newer")
        case Order.BEFORE:
            return _won(Side.NOTION, kind, f"{told}: the Notion edit is newer")
        case Order.UNKNOWN:
            return _unknown(ambiguous, told)


def _unknown(ambiguous: AmbiguousPolicy, told: str) -> Verdict:
    told = f"{told}: which is newer cannot be known (Notion keeps minutes)"
    match ambiguous:
        case "manual":
            return Verdict(Outcome.HELD, "ambiguous_time", f"{told}, and ambiguous = manual: a person decides")
        case "postgres":
            return _won(Side.POSTGRES, "ambiguous_time", f"{told}, and ambiguous = postgres")
        case "notion":
            return _won(Side.NOTION, "ambiguous_time", f"{told}, and ambiguous = notion")
        case _:
            assert_never(ambiguous)


def _won(side: Side, kind: ConflictType, reason: str) -> Verdict:
    outcome = Outcome.POSTGRES_CROSSES if side is Side.POSTGRES else Outcome.NOTION_CROSSES
    return Verdict(outcome, kind, reason)


def _time(change: PendingChange) -> str:
    return change.at.until.isoformat(timespec="seconds")


def _times(change: PendingChange) -> str:
    return f"{change.at.since.isoformat(timespec='seconds')} and {change.at.until.isoformat(timespec='seconds')}"
