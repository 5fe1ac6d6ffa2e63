"""Laws of compensation: what is put back is what was there before, and a later edit is never overwritten."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from sync_engine.domain.compensation import NetEffect, Remedy, Status, Step, compensate, net_effect
from sync_engine.domain.events import Side
from sync_engine.domain.record import Presence, Record
from sync_engine.domain.values import Value
from tests.support.things import change, mapping

TEXTS = st.sampled_from(["a", "b", "c", "d"])
LINKED = Record(
    id=1,
    mapping=1,
    key="k",
    page_id="p",
    postgres_presence=Presence.PRESENT,
    notion_presence=Presence.PRESENT,
    key_on_page=True,
)


@st.composite
def edits(draw: st.DrawFn) -> tuple[dict[str, Value], list[Step], dict[str, Value]]:
    """A state, a history of updates as the journal has it, and the state after it."""
    start: dict[str, Value] = {"title": draw(TEXTS), "note": draw(TEXTS)}
    state, steps = dict(start), []
    for _ in range(draw(st.integers(1, 6))):
        name = draw(st.sampled_from(["title", "note"]))
        value = draw(TEXTS)
        side = draw(st.sampled_from(list(Side)))
        steps.append(Step(side, "update", {name: state[name]}, {name: value}))
        state[name] = value
    return start, steps, state


def decide(net: NetEffect, record: Record, *, force: bool = False) -> dict[str, Value]:
    result = compensate(net, record, mapping(), row_predates=False, force=force)
    return dict(result.values)


@given(edits())
def test_G7_undoing_a_history_gives_the_state_before_it(
    story: tuple[dict[str, Value], list[Step], dict[str, Value]],
) -> None:
    start, steps, end = story
    put_back = decide(net_effect(steps), replace(LINKED, base=end))
    assert {**end, **put_back} == start


@given(edits())
def test_G7_undoing_the_undo_gives_the_state_before_the_undo(
    story: tuple[dict[str, Value], list[Step], dict[str, Value]],
) -> None:
    start, steps, end = story
    put_back = decide(net_effect(steps), replace(LINKED, base=end))
    undo = Step(Side.POSTGRES, "update", {name: end[name] for name in put_back}, put_back)
    again = decide(net_effect([undo]), replace(LINKED, base={**end, **put_back}))
    assert {**start, **again} == end


@given(edits(), st.sampled_from(list(Side)), TEXTS)
def test_G7_a_later_edit_is_blocked_and_only_force_overwrites_it(
    story: tuple[dict[str, Value], list[Step], dict[str, Value]], side: Side, value: str
) -> None:
    start, steps, end = story
    pending = {"title": change(value + "!")}
    record = replace(LINKED, base=end)
    record = replace(record, postgres=pending) if side is Side.POSTGRES else replace(record, notion=pending)
    net = net_effect(steps)
    if "title" not in net.before:
        return
    result = compensate(net, record, mapping(), row_predates=False, force=False)
    assert "title" in result.blocked and "title" not in result.values
    assert "Ada" in result.blocked["title"]
    assert decide(net, record, force=True)["title"] == start["title"]


@given(edits(), TEXTS)
def test_G7_an_edit_of_a_later_run_is_blocked(
    story: tuple[dict[str, Value], list[Step], dict[str, Value]], value: str
) -> None:
    _, steps, end = story
    net = net_effect(steps)
    if "note" not in net.before:
        return
    result = compensate(
        net, replace(LINKED, base={**end, "note": value + "!"}), mapping(), row_predates=False, force=False
    )
    assert "note" in result.blocked


def test_a_created_record_is_removed_on_both_sides_but_a_row_that_was_there_before_stays() -> None:
    net = net_effect([Step(Side.NOTION, "create", None, {"title": "a"})])
    record = replace(LINKED, base={"title": "a"})
    assert compensate(net, record, mapping(), row_predates=False, force=False).remedy is Remedy.REMOVE
    assert compensate(net, record, mapping(), row_predates=True, force=False).remedy is Remedy.REMOVE_PAGE


def test_a_created_record_that_somebody_edited_is_blocked() -> None:
    net = net_effect([Step(Side.POSTGRES, "insert", None, {"title": "a", "note": "x"})])
    edited = replace(LINKED, base={"title": "a", "note": "y"})
    result = compensate(net, edited, mapping(), row_predates=False, force=False)
    assert result.status is Status.BLOCKED and "note" in result.blocked


def test_a_removed_record_comes_back_with_its_last_values() -> None:
    net = net_effect([Step(Side.NOTION, "trash", {"title": "a", "note": "x"}, None)])
    gone = replace(LINKED, postgres_presence=Presence.GONE, notion_presence=Presence.GONE)
    result = compensate(net, gone, mapping(), row_predates=False, force=False)
    assert (result.remedy, result.status, dict(result.values)) == (
        Remedy.REVIVE,
        Status.UNDO,
        {"title": "a", "note": "x"},
    )


def test_what_is_already_back_is_told_apart() -> None:
    net = net_effect([Step(Side.POSTGRES, "update", {"title": "a"}, {"title": "b"})])
    result = compensate(net, replace(LINKED, base={"title": "a"}), mapping(), row_predates=False, force=False)
    assert result.status is Status.ALREADY
