"""Laws of the merge: what must hold for every pair of edits, whatever their values and times."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sync_engine.domain.events import Side
from sync_engine.domain.fold import notion_value, postgres_value
from sync_engine.domain.mapping import ConflictPolicy
from sync_engine.domain.merge import AmbiguousPolicy, Outcome, merge_field
from sync_engine.domain.reconcile import settle
from sync_engine.domain.record import Presence, Record
from sync_engine.domain.values import Value
from tests.support.things import NAMES, change, field, mapping

VALUES: dict[str, st.SearchStrategy[Value]] = {
    "title": st.sampled_from(["", "a", "b", None]),
    "note": st.sampled_from(["", "x", "y", None]),
    "flag": st.sampled_from([True, False, None]),
    "day": st.sampled_from([None, "2026-01-01T10:00:00.000000Z", "2026-01-01T10:00:30.250000Z"]),
}
AMBIGUOUS: st.SearchStrategy[AmbiguousPolicy] = st.sampled_from(["notion", "postgres", "manual"])


@st.composite
def records(draw: st.DrawFn) -> Record:
    fields = {name: field(name) for name in NAMES}
    base = {name: draw(VALUES[name]) for name in NAMES if draw(st.booleans())}
    postgres, notion = {}, {}
    for number, name in enumerate(NAMES):
        value = draw(VALUES[name])
        if draw(st.booleans()) and not (name in base and base[name] == value):
            postgres[name] = change(value, draw(st.integers(0, 300)), 0, 2 * number + 1)
        weak = fields[name].codec.weaken(draw(VALUES[name]))
        if draw(st.booleans()) and weak != fields[name].codec.weaken(base.get(name)):
            notion[name] = change(weak, draw(st.integers(0, 300)), 60, 2 * number + 2)
    return Record(
        id=1,
        mapping=1,
        key="k",
        page_id="p",
        base=base,
        postgres=postgres,
        notion=notion,
        postgres_presence=Presence.PRESENT,
        notion_presence=Presence.PRESENT,
        key_on_page=True,
    )


@given(records(), AMBIGUOUS)
def test_G4_a_one_sided_edit_crosses_and_is_never_a_conflict(record: Record, ambiguous: AmbiguousPolicy) -> None:
    settled = settle(record, mapping(), ambiguous=ambiguous)
    for name in NAMES:
        sides = [side for side in Side if name in record.pending(side)]
        if len(sides) == 1:
            assert name not in {conflict.field for conflict in settled.conflicts}
            edit = record.pending(sides[0])[name]
            left = settled.record.pending(sides[0]).get(name)
            weaken = mapping().by_name[name].codec.weaken
            shown_already = weaken(edit.value) == weaken(record.base.get(name))
            assert left == edit or (shown_already and settled.record.base[name] == edit.value)
            assert name not in settled.record.pending(sides[0].other)


@given(records(), AMBIGUOUS)
def test_the_same_edit_on_both_sides_is_no_conflict(record: Record, ambiguous: AmbiguousPolicy) -> None:
    settled = settle(record, mapping(), ambiguous=ambiguous)
    for name in record.postgres.keys() & record.notion.keys():
        weaken = mapping().by_name[name].codec.weaken
        if weaken(record.postgres[name].value) == record.notion[name].value:
            assert name not in {conflict.field for conflict in settled.conflicts}
            assert settled.record.base[name] == record.postgres[name].value
            assert not settled.record.postgres.get(name) and not settled.record.notion.get(name)


@given(records(), AMBIGUOUS)
def test_G5_two_different_edits_are_flagged_with_everything_and_no_value_is_lost(
    record: Record, ambiguous: AmbiguousPolicy
) -> None:
    settled = settle(record, mapping(), ambiguous=ambiguous)
    flagged = {conflict.field: conflict for conflict in settled.conflicts}
    for name in record.postgres.keys() & record.notion.keys():
        weaken = mapping().by_name[name].codec.weaken
        if weaken(record.postgres[name].value) == record.notion[name].value:
            continue
        conflict = flagged[name]
        assert conflict.postgres == record.postgres[name]
        assert conflict.notion == record.notion[name]
        assert conflict.base == record.base.get(name)
        assert conflict.reason and conflict.policy == "newest"
        if conflict.winner is None:
            assert name in settled.held
            assert settled.record.pending(Side.POSTGRES)[name] == record.postgres[name]
            assert settled.record.pending(Side.NOTION)[name] == record.notion[name]
        else:
            winner = settled.record.pending(conflict.winner)
            assert winner[name] == record.pending(conflict.winner)[name]
            assert name not in settled.record.pending(conflict.winner.other)


@given(records(), AMBIGUOUS)
def test_a_second_settle_does_nothing(record: Record, ambiguous: AmbiguousPolicy) -> None:
    once = settle(record, mapping(), ambiguous=ambiguous)
    twice = settle(once.record, mapping(), ambiguous=ambiguous, already_open=once.held)
    assert twice.record == once.record
    assert twice.conflicts == ()


@given(records(), AMBIGUOUS, st.sampled_from(["newest", "postgres", "notion", "manual"]))
def test_settling_changes_what_no_side_shows(
    record: Record, ambiguous: AmbiguousPolicy, policy: ConflictPolicy
) -> None:
    """Settling decides; it writes to neither side, so what each side is known to hold stays the same."""
    rules = mapping(policy)
    settled = settle(record, rules, ambiguous=ambiguous).record
    for name in NAMES:
        item = rules.by_name[name]
        assert postgres_value(settled, item) == postgres_value(record, item)
        assert notion_value(settled, item) == notion_value(record, item)


@given(st.integers(0, 200), st.integers(0, 200), AMBIGUOUS)
def test_newest_wins_when_the_order_is_known_and_is_flagged_when_it_is_not(
    postgres_at: int, notion_at: int, ambiguous: AmbiguousPolicy
) -> None:
    postgres = change("p", postgres_at, 0, 1)
    notion = change("n", notion_at, 60, 2)
    verdict = merge_field(
        postgres, notion, weaken=lambda value: value, policy="newest", ambiguous=ambiguous, has_base=True
    )
    if postgres_at > notion_at + 60:
        assert verdict.outcome is Outcome.POSTGRES_CROSSES and verdict.conflict == "update_differing"
    elif postgres_at < notion_at:
        assert verdict.outcome is Outcome.NOTION_CROSSES and verdict.conflict == "update_differing"
    else:
        assert verdict.conflict == "ambiguous_time"
        expected = {
            "notion": Outcome.NOTION_CROSSES,
            "postgres": Outcome.POSTGRES_CROSSES,
            "manual": Outcome.HELD,
        }
        assert verdict.outcome is expected[ambiguous]
