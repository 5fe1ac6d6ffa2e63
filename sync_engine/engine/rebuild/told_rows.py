"""Told rows: what the log tells of a table's rows at a moment, and what would make the table hold just that."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from sync_engine.domain.events import Op, Side
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.timeline import RowThen, Timeline
from sync_engine.domain.values import Json, JsonObject
from sync_engine.engine.context import Context
from sync_engine.engine.rebuild.rebuilt import Doing, Line, Span
from sync_engine.engine.undo.revive import image_literal
from sync_engine.ports.database import UnitOfWork
from sync_engine.ports.event_log import EventFilter
from sync_engine.ports.rows import RowOp, RowWrite


@dataclass
class Told:
    """Rows and pages of one table: `then` as of the moment, `now` by all that is logged. `wanted` has the keys and
    pages that the log tells of since the span began, None for all; `last` is the newest event that was read."""

    then: Timeline = field(default_factory=Timeline)
    now: Timeline = field(default_factory=Timeline)
    wanted: set[str] | None = None
    last: int = 0
    events: int = 0


def read_log(uow: UnitOfWork, context: Context, mapping: TableMapping, span: Span) -> Told:
    """Fold the log of one table. Memory is that of the table."""
    told = Told(wanted=None if span.since is None else set())
    if span.until is None:
        told.then = told.now
    for event in uow.events.find(EventFilter(mapping=mapping.id)):
        told.now.fold(event)
        if told.then is not told.now and span.is_past(event):
            told.then.fold(event)
        if told.wanted is not None and span.concerns(event):
            told.wanted |= {event.key, event.old_key, event.page_id} if event.key else told.now.rows.keys()
        told.last, told.events = event.seq, told.events + 1
        if told.events % 1000 == 0:
            context.progress(f"reading the log of {mapping.name}", told.events, 0)
    return told


@dataclass(frozen=True, slots=True)
class RowChange:
    """One row that is not what the log tells: the write that makes it so. `before` has what the whole log tells of
    the columns that it changes; `repairs`: that is just what is written, so nothing but damage is undone."""

    line: Line
    write: RowWrite
    before: JsonObject = field(default_factory=dict)
    repairs: bool = False


@dataclass
class TablePlan:
    """What would make a table hold what the log tells, and what is left alone."""

    changes: list[RowChange] = field(default_factory=list)
    left: list[Line] = field(default_factory=list)


def plan_rows(
    uow: UnitOfWork, context: Context, mapping: TableMapping, told: Told, writable: Collection[str]
) -> TablePlan:
    """Compare every row with the log. `writable` are the columns that an INSERT may give a value."""
    plan = TablePlan()
    missing = {key: row for key, row in told.then.rows.items() if row.exists and _is_wanted(told, key)}
    found: list[tuple[str, JsonObject]] = []
    for key, image in uow.rows.scan(mapping):
        row = missing.pop(key, None)
        if row is not None or _is_wanted(told, key):
            found += [(key, image)] if _differs(mapping, row, image, writable) else []
    moved = set(told.now.moved.values()) - set(told.then.moved.values())
    fresh = _logged_since(uow, mapping, told.last)
    for key, row in missing.items():
        if key not in fresh:
            _plan_missing(plan, mapping, told, key, row, writable)
    for key, image in found:
        if key not in fresh:
            _plan_found(plan, mapping, told, (key, image), writable, moved=key in moved)
    context.progress(f"comparing {mapping.name}", len(told.then.rows), 0)
    return plan


def _is_wanted(told: Told, key: str) -> bool:
    return told.wanted is None or key in told.wanted


def _logged_since(uow: UnitOfWork, mapping: TableMapping, seq: int) -> frozenset[str]:
    """Rows that were changed while the table was read: the log tells of them by now, so they are no damage."""
    newer = EventFilter(mapping=mapping.id, source=Side.POSTGRES, after_seq=seq)
    return frozenset(event.key for event in uow.events.find(newer) if event.op is not Op.SNAPSHOT)


def _present_names(mapping: TableMapping, image: JsonObject) -> dict[str, Json]:
    """The image by the names that its columns have now; columns that are not captured any more are left out."""
    names = {name: item.column for name, item in mapping.by_column.items()}
    renamed = {names.get(name, name): value for name, value in image.items()}
    return {name: value for name, value in renamed.items() if name in mapping.captured}


def _differing(
    mapping: TableMapping, row: RowThen, image: JsonObject, writable: Collection[str]
) -> dict[str, Json]:
    own = set(mapping.key_columns)
    return {
        name: value
        for name, value in _present_names(mapping, row.image).items()
        if name in writable and name not in own and name in image and image[name] != value
    }


def _differs(mapping: TableMapping, row: RowThen | None, image: JsonObject, writable: Collection[str]) -> bool:
    return row is None or bool(_differing(mapping, row, image, writable))


def _literals(values: Mapping[str, Json]) -> dict[str, str | None]:
    return {name: image_literal(value) for name, value in values.items()}


def _plan_missing(
    plan: TablePlan, mapping: TableMapping, told: Told, key: str, row: RowThen, writable: Collection[str]
) -> None:
    if key in told.now.moved and told.now is not told.then and key not in told.then.moved:
        reason = f"its key is {told.now.moved[key]} now; change it back by hand"
        plan.left.append(Line(mapping.name, key, Doing.REFUSED, reason=reason))
        return
    own = set(mapping.key_columns)
    image = {
        name: value
        for name, value in _present_names(mapping, row.image).items()
        if name in writable and name not in own
    }
    write = RowWrite(RowOp.INSERT, key, _literals(image), {})
    repairs = told.now.rows[key].exists
    plan.changes.append(RowChange(Line(mapping.name, key, Doing.INSERT), write, repairs=repairs))


def _plan_found(
    plan: TablePlan,
    mapping: TableMapping,
    told: Told,
    found: tuple[str, JsonObject],
    writable: Collection[str],
    *,
    moved: bool,
) -> None:
    key, image = found
    row = told.then.rows.get(key)
    if row is not None and row.exists:
        values = _differing(mapping, row, image, writable)
        expected = {name: image[name] for name in values}
        write = RowWrite(RowOp.UPDATE, key, _literals(values), _literals(expected))
        line = Line(mapping.name, key, Doing.UPDATE, tuple(sorted(values)))
        now = _present_names(mapping, told.now.rows[key].image)
        before = {name: now[name] for name, value in values.items() if name in now and now[name] != value}
        plan.changes.append(RowChange(line, write, before, repairs=not before))
    elif told.now is told.then or key not in told.now.rows or not told.now.rows[key].exists:
        reason = "the log tells of no such row; it is left alone"
        plan.left.append(Line(mapping.name, key, Doing.UNKNOWN, reason=reason))
    elif not moved:
        expected = {name: value for name, value in image.items() if name not in mapping.key_columns}
        write = RowWrite(RowOp.DELETE, key, {}, _literals(expected))
        plan.changes.append(RowChange(Line(mapping.name, key, Doing.DELETE), write, image))


def by_doing(changes: Collection[RowChange], doing: Doing) -> Iterator[RowChange]:
    """Those that do this."""
    return (change for change in changes if change.line.doing is doing)
