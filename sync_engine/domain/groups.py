"""Groups: fields that a rule of the table ties together win or lose together, so that no merge breaks the rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sync_engine.domain.mapping import Group, TableMapping
from sync_engine.domain.merge import AmbiguousPolicy, Outcome, Verdict, decide_between
from sync_engine.domain.record import PendingChange, Record
from sync_engine.domain.unresolved import is_unresolved


@dataclass(frozen=True, slots=True)
class Bound:
    """The record, with the fields of disputed groups pending on both sides, and the verdicts for those fields."""

    record: Record
    verdicts: Mapping[str, Verdict]


def bind_groups(record: Record, mapping: TableMapping, ambiguous: AmbiguousPolicy) -> Bound:
    """Decide each group whose fields both sides changed, whichever fields of it each of them changed.

    A field of it that only one side changed is then pending on the other side too, with the base, which is what
    that side would have it be. Groups that hold a value which is none (yet) are left to their fields.
    """
    verdicts: dict[str, Verdict] = {}
    for group in mapping.groups:
        record = _own_edits(record, group, mapping)
        disputed = _disputed(record, group, mapping)
        if disputed is None:
            continue
        postgres, notion = disputed
        verdict = decide_between(postgres, notion, group.conflict, ambiguous)
        told = f"{', '.join(group.fields)} win together: {verdict.reason}"
        for name in group.fields:
            if name in record.postgres or name in record.notion:
                verdicts[name] = _for_field(replace(verdict, reason=told), record, name)
                record = _on_both_sides(record, name, mapping, postgres, notion)
    return Bound(record, verdicts)


def _own_edits(record: Record, group: Group, mapping: TableMapping) -> Record:
    """The record without what an earlier look put beside the other side's edit: it equals the base."""
    postgres, notion = dict(record.postgres), dict(record.notion)
    for name in group.fields:
        if name not in record.base:
            continue
        if name in postgres and postgres[name].value == record.base[name]:
            del postgres[name]
        if name in notion and notion[name].value == mapping.by_name[name].codec.weaken(record.base[name]):
            del notion[name]
    return replace(record, postgres=postgres, notion=notion)


def _disputed(record: Record, group: Group, mapping: TableMapping) -> tuple[PendingChange, PendingChange] | None:
    """The newest edit of each side within the group; None unless both changed something of it differently."""
    if any(name not in record.base for name in group.fields):
        return None
    if any(is_unresolved(record.notion[name].value) for name in group.fields if name in record.notion):
        return None
    differing = [name for name in group.fields if not _convergent(record, name, mapping)]
    ours = [record.postgres[name] for name in differing if name in record.postgres]
    theirs = [record.notion[name] for name in differing if name in record.notion]
    if not ours or not theirs:
        return None
    return max(ours, key=lambda item: item.at.until), max(theirs, key=lambda item: item.at.until)


def _convergent(record: Record, name: str, mapping: TableMapping) -> bool:
    ours, theirs = record.postgres.get(name), record.notion.get(name)
    return (
        ours is not None and theirs is not None and mapping.by_name[name].codec.weaken(ours.value) == theirs.value
    )


def _for_field(verdict: Verdict, record: Record, name: str) -> Verdict:
    """A field that only Postgres changed goes back to its exact base, not to what Notion can show of it."""
    if verdict.outcome is Outcome.NOTION_CROSSES and name not in record.notion:
        return replace(verdict, outcome=Outcome.MERGED, value=record.base[name])
    return verdict


def _on_both_sides(
    record: Record, name: str, mapping: TableMapping, postgres: PendingChange, notion: PendingChange
) -> Record:
    base = record.base[name]
    if name not in record.postgres:
        return replace(record, postgres={**record.postgres, name: replace(postgres, value=base)})
    if name not in record.notion:
        shown = mapping.by_name[name].codec.weaken(base)
        return replace(record, notion={**record.notion, name: replace(notion, value=shown)})
    return record
