"""The laws of settling what is combined or bound together: nothing is lost, and a group goes to one side."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from sync_engine.domain.codecs.registry import codec_for
from sync_engine.domain.combine import Combined
from sync_engine.domain.events import Side
from sync_engine.domain.mapping import ConflictPolicy, FieldMapping, Group, TableMapping
from sync_engine.domain.plan import plan_record
from sync_engine.domain.reconcile import settle
from sync_engine.domain.record import PendingChange, Presence, Record
from sync_engine.domain.schema import Column
from sync_engine.domain.values import Value
from tests.support.things import change

NAMES = ("low", "high", "count")


def field(name: str, policy: ConflictPolicy) -> FieldMapping:
    column = Column(name=name, number=NAMES.index(name) + 1, type="integer", base="int4")
    codec = codec_for(column, "number")
    return FieldMapping(name, name, column.number, "integer", name, "number", codec, name, conflict=policy)


def table(policy: ConflictPolicy, *groups: Group) -> TableMapping:
    fields = tuple(field(name, policy) for name in NAMES)
    return TableMapping("t", "public", "t", ("id",), ("int4",), fields, "low", id=1, groups=groups)


numbers = st.integers(-5, 5)
sides = st.dictionaries(st.sampled_from(NAMES), st.tuples(numbers, st.integers(0, 200)), max_size=3)
edits = sides.map(lambda found: {name: change(value, since) for name, (value, since) in found.items()})


@st.composite
def records(draw: st.DrawFn) -> Record:
    base: dict[str, Value] = {name: draw(numbers) for name in NAMES}
    postgres: dict[str, PendingChange] = draw(edits)
    notion: dict[str, PendingChange] = draw(edits)
    return Record(
        id=1,
        mapping=1,
        key="1",
        page_id="p",
        base=base,
        postgres={name: item for name, item in postgres.items() if item.value != base[name]},
        notion={name: item for name, item in notion.items() if item.value != base[name]},
        postgres_presence=Presence.PRESENT,
        notion_presence=Presence.PRESENT,
        key_on_page=True,
    )


def row(record: Record) -> dict[str, Value]:
    return {**record.base, **{name: item.value for name, item in record.postgres.items()}}


def page(record: Record) -> dict[str, Value]:
    return {**record.base, **{name: item.value for name, item in record.notion.items()}}


def carried(record: Record, mapping: TableMapping) -> tuple[dict[str, Value], dict[str, Value]]:
    """What row and page hold after the plan, and then the plan of what is left, was carried out."""
    settled = settle(record, mapping, ambiguous="notion")
    ours, theirs = row(record), page(record)
    for operation in plan_record(settled, mapping, lambda _table, _key: "").operations:
        (ours if operation.side is Side.POSTGRES else theirs).update(operation.values)
    theirs.update({name: ours[name] for name in settled.merged})
    return ours, theirs


@given(records(), st.sampled_from(["min", "max", "delta"]))
def test_what_is_combined_ends_on_both_sides(record: Record, policy: ConflictPolicy) -> None:
    ours, theirs = carried(record, table(policy))
    assert ours == theirs
    for name in NAMES:
        old, one, other = record.base[name], row(record)[name], page(record)[name]
        assert isinstance(old, int) and isinstance(one, int) and isinstance(other, int)
        if name in record.postgres and name in record.notion and one != other:
            assert (
                ours[name] == {"min": min(one, other), "max": max(one, other), "delta": one + other - old}[policy]
            )


@given(records(), st.sampled_from(["min", "max", "delta"]))
def test_until_it_is_in_the_row_both_edits_stay(record: Record, policy: ConflictPolicy) -> None:
    settled = settle(record, table(policy), ambiguous="notion")
    for name in settled.merged:
        assert settled.record.postgres[name] == record.postgres[name]
        assert settled.record.notion[name] == record.notion[name]
    again = settle(settled.record, table(policy), ambiguous="notion")
    assert again.merged == settled.merged and again.record == settled.record


@given(records(), st.sampled_from(["newest", "postgres", "notion"]))
def test_a_group_goes_to_one_side_as_a_whole(record: Record, policy: ConflictPolicy) -> None:
    group = ("low", "high")
    ours, theirs = carried(record, table("newest", Group(group, policy)))
    assert ours == theirs
    merged = {name: ours[name] for name in group}
    before = ({name: row(record)[name] for name in group}, {name: page(record)[name] for name in group})
    disputed = [name for name in group if row(record)[name] != page(record)[name]]
    one_sided = not any(name in record.postgres for name in disputed) or not any(
        name in record.notion for name in disputed
    )
    if not one_sided:
        assert merged in before
        winner = {"postgres": before[0], "notion": before[1]}.get(policy)
        assert winner is None or merged == winner


@given(records())
def test_a_group_that_a_person_decides_stays_as_it_is(record: Record) -> None:
    group = ("low", "high")
    settled = settle(record, table("newest", Group(group, "manual")), ambiguous="notion")
    both = any(item.field in group for item in settled.conflicts)
    if both:
        assert row(settled.record) | {"count": 0} == row(record) | {"count": 0}
        assert page(settled.record) | {"count": 0} == page(record) | {"count": 0}
        changed = {name for name in group if name in record.postgres or name in record.notion}
        assert changed - set(settled.agreed) <= settled.held
    again = settle(
        settled.record,
        table("newest", Group(group, "manual")),
        ambiguous="notion",
        already_open=[item.field for item in settled.conflicts if item.winner is None],
    )
    assert not [item for item in again.conflicts if item.field in group]


@given(records(), numbers)
def test_a_resolver_of_the_users_own_decides(record: Record, answer: int) -> None:
    mapping = table("newest")
    custom = replace(mapping, fields=tuple(replace(item, conflict="custom") for item in mapping.fields))
    settled = settle(
        record, custom, ambiguous="notion", resolver_of=lambda _field: lambda *_: Combined(answer, "a die")
    )
    assert set(settled.merged.values()) <= {answer}
    left = settle(record, custom, ambiguous="notion", resolver_of=lambda _field: lambda *_: None)
    assert set(settled.merged) == {item.field for item in left.conflicts} and not left.merged
    assert all(item.winner is None and not item.merged for item in left.conflicts)
