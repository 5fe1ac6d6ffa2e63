"""The laws of the plan: what is pending on one side is written to the other, and deletes go by their policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_engine.domain.events import Side
from sync_engine.domain.mapping import DeletePolicy, FieldMapping, TableMapping
from sync_engine.domain.plan import Action, Operation, RecordPlan, notion_operation, plan_record
from sync_engine.domain.reconcile import Settled
from sync_engine.domain.record import PendingChange, Presence, Record
from sync_engine.domain.unresolved import linked_page, refused
from sync_engine.domain.values import Value
from tests.support.things import change, field, mapping

ABSENT, PRESENT, GONE = Presence.ABSENT, Presence.PRESENT, Presence.GONE
OWNER = replace(field("note"), name="owner", column="owner", relation_to="people")
SERIAL = replace(field("note"), name="serial", column="serial", writable=False, gives_key=True)
RULES = replace(mapping(), fields=(*mapping().fields, OWNER, SERIAL))
PAGES: Mapping[tuple[str, str], str] = {("people", "ada"): "page of ada"}
BASE: dict[str, Value] = {"title": "t", "flag": True, "day": None, "note": "n", "owner": None, "serial": "1"}


def page_of(table: str, key: str) -> str:
    return PAGES.get((table, key), "")


def record(
    postgres: Presence = PRESENT,
    notion: Presence = PRESENT,
    *,
    row: Mapping[str, PendingChange] | None = None,
    page: Mapping[str, PendingChange] | None = None,
    key: str = "k",
    key_on_page: bool = True,
) -> Record:
    return Record(
        id=7,
        mapping=1,
        key=key,
        page_id="p",
        base=BASE,
        postgres=row or {},
        notion=page or {},
        postgres_presence=postgres,
        notion_presence=notion,
        postgres_seq=41,
        key_on_page=key_on_page,
    )


def planned(
    found: Record, rules: TableMapping = RULES, *, held: tuple[str, ...] = (), approved: bool = False
) -> RecordPlan:
    return plan_record(Settled(found, (), frozenset(held), ()), rules, page_of, approved=approved)


def only(plan: RecordPlan) -> Operation:
    [operation] = plan.operations
    return operation


texts = st.sampled_from(["a", "b", None])
edits = st.dictionaries(
    st.sampled_from(["title", "note", "flag"]), st.tuples(texts, st.integers(0, 9)), max_size=3
)


def pending(told: Mapping[str, tuple[Value, int]]) -> dict[str, PendingChange]:
    return {name: change(value, seq=seq) for name, (value, seq) in told.items()}


@given(edits, edits, st.sets(st.sampled_from(["title", "note", "flag"])), st.booleans())
def test_each_side_gets_what_is_pending_on_the_other_and_is_not_held(
    ours: Mapping[str, tuple[Value, int]],
    theirs: Mapping[str, tuple[Value, int]],
    held: set[str],
    key_on_page: bool,
) -> None:
    found = record(row=pending(ours), page=pending(theirs), key_on_page=key_on_page)
    plan = planned(found, held=tuple(held))
    by_side = {operation.side: operation for operation in plan.operations}
    assert len(by_side) == len(plan.operations)
    assert (plan.hold, plan.revived, plan.detach) == (None, None, False)
    wanted = {
        Side.POSTGRES: {name: value for name, (value, _) in theirs.items() if name not in held},
        Side.NOTION: {name: value for name, (value, _) in ours.items() if name not in held},
    }
    for side, told in ((Side.POSTGRES, theirs), (Side.NOTION, ours)):
        needed = bool(wanted[side]) or (side is Side.NOTION and not key_on_page)
        assert (side in by_side) is needed
        if needed:
            operation = by_side[side]
            assert (operation.action, operation.record, operation.values) == (Action.UPDATE, found, wanted[side])
            assert operation.seqs == tuple(sorted({seq for _, seq in told.values() if seq}))
            assert (operation.links, operation.waiting) == ({}, ())


@pytest.mark.parametrize(
    ("owner", "values", "links", "waiting"),
    [
        ("ada", {"title": "x", "owner": "ada"}, {"owner": ("page of ada",)}, ()),
        ("bob", {"title": "x"}, {}, (("people", "bob"),)),
        (None, {"title": "x", "owner": None}, {}, ()),
    ],
)
@pytest.mark.parametrize("action", [Action.CREATE, Action.UPDATE, Action.RESTORE])
def test_a_relation_is_written_when_its_target_has_a_page_and_waits_until_then(
    owner: Value,
    values: dict[str, Value],
    links: dict[str, tuple[str, ...]],
    waiting: tuple[tuple[str, str], ...],
    action: Action,
) -> None:
    row = {"owner": change(owner, seq=3), "title": change("x", seq=2), "unmapped": change("?", seq=2)}
    there = {Action.CREATE: ABSENT, Action.UPDATE: PRESENT, Action.RESTORE: GONE}[action]
    operation = only(planned(record(PRESENT, there, row=row)))
    assert (operation.side, operation.action) == (Side.NOTION, action)
    assert (operation.values, operation.links, operation.waiting) == (values, links, waiting)
    assert operation.seqs == (2, 3)
    again = notion_operation(operation.record, RULES, page_of, action)
    assert again == operation


def test_a_row_without_a_page_gets_one_unless_the_table_only_comes_from_notion() -> None:
    found = record(PRESENT, ABSENT, row={"title": change("x")})
    assert only(planned(found)).action is Action.CREATE
    assert planned(found, replace(RULES, direction="from-notion")) == RecordPlan()


def test_a_page_without_a_row_gets_one_unless_the_table_only_goes_to_notion() -> None:
    found = record(ABSENT, PRESENT, page={"title": change("x", seq=5)}, key="")
    operation = only(planned(found))
    assert (operation.side, operation.action, operation.record) == (Side.POSTGRES, Action.INSERT, found)
    assert (operation.values, operation.seqs) == ({"title": "x"}, (5,))
    assert planned(found, replace(RULES, direction="to-notion")) == RecordPlan()


@pytest.mark.parametrize(
    ("key", "action", "shown", "kept"),
    [
        ("", Action.INSERT, "9", {"serial": "9"}),
        ("", Action.INSERT, None, {}),
        ("k", Action.INSERT, "9", {}),
        ("k", Action.UPDATE, "9", {}),
    ],
)
def test_a_page_gives_a_new_row_its_key_and_never_changes_one(
    key: str, action: Action, shown: Value, kept: dict[str, Value]
) -> None:
    there = PRESENT if action is Action.UPDATE else ABSENT
    found = record(there, PRESENT, page={"serial": change(shown), "note": change("y")}, key=key)
    operation = only(planned(found))
    assert operation.action is action
    assert operation.values == {"note": "y", **kept}


def test_a_column_that_is_only_read_is_not_written() -> None:
    rules = replace(RULES, fields=tuple(replace(item, writable=item.name != "note") for item in RULES.fields))
    assert planned(record(page={"note": change("y")}), rules) == RecordPlan()
    no_key = tuple(replace(item, gives_key=False) for item in RULES.fields)
    new = record(ABSENT, PRESENT, page={"serial": change("9"), "note": change("y")}, key="")
    assert only(planned(new, replace(RULES, fields=no_key))).values == {"note": "y"}


def required(*names: str) -> TableMapping:
    fields: tuple[FieldMapping, ...] = tuple(
        replace(item, not_null=item.name in names, relation_to="people" if item.name == "owner" else "")
        for item in RULES.fields
    )
    return replace(RULES, fields=fields)


def test_a_new_page_that_shows_no_value_for_a_required_column_is_held_with_the_reason() -> None:
    page = {"note": change(refused("x", "too long")), "title": change(refused("y", "empty")), "flag": change(True)}
    found = record(ABSENT, PRESENT, page=page, key="")
    hold = planned(found, required("note", "title", "flag")).hold
    assert hold is not None
    assert (hold.record, hold.side, hold.action) == (found, Side.POSTGRES, Action.INSERT)
    assert (hold.reason, hold.constraint, hold.waiting_for) == (
        "note: too long; title: empty",
        "note, title",
        "",
    )
    assert only(planned(found, required("flag"))).values == {"flag": True}


def test_a_new_page_that_points_to_a_page_without_a_row_waits_for_it() -> None:
    found = record(ABSENT, PRESENT, page={"owner": change(linked_page("q"))}, key="")
    hold = planned(found, required("owner")).hold
    assert hold is not None
    assert (hold.reason, hold.constraint, hold.waiting_for) == (
        "the page that owner points to has no row yet",
        "",
        "people q",
    )
    assert (hold.record, hold.side, hold.action) == (found, Side.POSTGRES, Action.INSERT)
    assert only(planned(found, RULES)).values == {}
    both = {"owner": change(linked_page("q")), "boss": change(linked_page("r"))}
    boss = replace(OWNER, name="boss", column="boss", not_null=True)
    rules = required("owner")
    two = planned(record(ABSENT, PRESENT, page=both, key=""), replace(rules, fields=(*rules.fields, boss))).hold
    assert two is not None
    assert two.reason == "the page that owner, boss points to has no row yet"
    assert two.waiting_for == "people q, people r"


# --- deletes


@pytest.mark.parametrize("policy", ["trash", "delete", "soft"])
def test_a_deleted_row_takes_its_page_along(policy: DeletePolicy) -> None:
    found = record(GONE, PRESENT)
    operation = only(planned(found, replace(RULES, delete_from_postgres=policy)))
    assert (operation.side, operation.action, operation.record, operation.seqs) == (
        Side.NOTION,
        Action.TRASH,
        found,
        (41,),
    )


@pytest.mark.parametrize("policy", ["delete", "soft"])
def test_a_trashed_page_takes_its_row_along(policy: DeletePolicy) -> None:
    found = record(PRESENT, GONE)
    operation = only(planned(found, replace(RULES, delete_from_notion=policy)))
    assert (operation.side, operation.action, operation.record) == (Side.POSTGRES, Action.DELETE, found)


def test_ignore_leaves_the_other_side_alone() -> None:
    rules = replace(RULES, delete_from_postgres="ignore", delete_from_notion="ignore")
    assert planned(record(GONE, PRESENT), rules) == RecordPlan(detach=True)
    assert planned(record(PRESENT, GONE), rules) == RecordPlan(detach=True)


def test_hold_waits_for_a_person_whose_approval_lets_it_go_on() -> None:
    rules = replace(RULES, delete_from_postgres="hold", delete_from_notion="hold")
    row_gone, page_gone = record(GONE, PRESENT), record(PRESENT, GONE)
    row, page = planned(row_gone, rules).hold, planned(page_gone, rules).hold
    assert row is not None and page is not None
    assert (row.record, row.side, row.action) == (row_gone, Side.NOTION, Action.TRASH)
    assert row.reason == "the row was deleted in Postgres; delete.from_postgres = hold"
    assert (page.record, page.side, page.action) == (page_gone, Side.POSTGRES, Action.DELETE)
    assert page.reason == "the page was moved to the trash in Notion; delete.from_notion = hold"
    assert only(planned(row_gone, rules, approved=True)).action is Action.TRASH
    assert only(planned(page_gone, rules, approved=True)).action is Action.DELETE


@pytest.mark.parametrize("policy", ["ignore", "hold", "soft", "trash", "delete"])
def test_an_edit_wins_over_a_delete_whatever_the_policy_and_says_whose_it_was(policy: DeletePolicy) -> None:
    rules = replace(RULES, delete_from_postgres=policy, delete_from_notion=policy)
    from_page = planned(record(GONE, PRESENT, page={"note": change("y", seq=8)}), rules)
    assert from_page.revived is Side.NOTION
    back = only(from_page)
    assert (back.side, back.action, back.seqs) == (Side.POSTGRES, Action.INSERT, (8,))
    assert back.values == {**{name: BASE[name] for name in ("title", "flag", "day", "owner")}, "note": "y"}
    from_row = planned(record(PRESENT, GONE, row={"note": change("y", seq=8)}), rules)
    assert from_row.revived is Side.POSTGRES
    again = only(from_row)
    assert (again.side, again.action, again.values) == (Side.NOTION, Action.RESTORE, {"note": "y"})


@pytest.mark.parametrize(
    ("told", "edited"),
    [
        ({"title": "t"}, False),
        ({"title": "t", "note": "y"}, False),
        ({"title": "other"}, True),
        ({"note": "y"}, True),
        ({"title": refused("?", "no")}, True),
        ({"title": {"shown": "t"}}, True),
    ],
)
def test_the_title_told_once_more_is_a_wish_to_have_it_back_and_no_edit(
    told: dict[str, Value], edited: bool
) -> None:
    changes = {name: change(value) for name, value in told.items()}
    assert planned(record(GONE, PRESENT, page=changes)).revived is (Side.NOTION if edited else None)
    assert planned(record(PRESENT, GONE, row=changes)).revived is (Side.POSTGRES if edited else None)
    fresh = replace(record(GONE, PRESENT, page=changes), base={})
    assert planned(fresh).revived is Side.NOTION


OF_A_PAGE = [presence for presence in Presence if presence is not Presence.OUTSIDE]
"""A row filter speaks of rows: no page is outside of it."""


@given(st.sampled_from(Presence), st.sampled_from(OF_A_PAGE), edits, edits)
def test_what_is_left_alone_or_gone_on_both_sides_needs_nothing(
    postgres: Presence,
    notion: Presence,
    ours: Mapping[str, tuple[Value, int]],
    theirs: Mapping[str, tuple[Value, int]],
) -> None:
    found = record(postgres, notion, row=pending(ours), page=pending(theirs))
    assert planned(replace(found, detached=True)) == RecordPlan()
    assert replace(found, detached=True).quiet
    if PRESENT not in (postgres, notion):
        assert planned(found) == RecordPlan() and found.quiet


@given(st.sampled_from(Presence), st.sampled_from(OF_A_PAGE), edits, edits, st.booleans())
def test_a_quiet_record_is_one_for_which_nothing_is_planned(
    postgres: Presence,
    notion: Presence,
    ours: Mapping[str, tuple[Value, int]],
    theirs: Mapping[str, tuple[Value, int]],
    key_on_page: bool,
) -> None:
    found = record(postgres, notion, row=pending(ours), page=pending(theirs), key_on_page=key_on_page)
    assert found.quiet is (planned(found) == RecordPlan())
