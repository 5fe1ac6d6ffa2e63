"""The columns of one mapped table, with what `sync.toml` says and what earlier runs remember of each."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sync_engine.configuration.complaints import did_you_mean
from sync_engine.domain.inference import TableName, title_column
from sync_engine.domain.naming import distinct, property_name
from sync_engine.domain.schema import Column, Table
from sync_engine.errors import ConfigurationError
from sync_engine.ports.registrations import Registration
from sync_engine.settings import FieldSettings, RelationSettings, Settings, TableSettings


@dataclass(frozen=True, slots=True)
class TableContext:
    """What the fields of a table depend on. `names` are the synced tables as `sync.toml` writes them."""

    settings: Settings
    position: int
    wanted: TableSettings
    table: Table
    registration: Registration | None
    synced: Mapping[TableName, Table]
    names: Mapping[TableName, str]

    def error(self, message: str, *place: str, hint: str = "") -> ConfigurationError:
        """An error at a place inside the table's settings."""
        at = self.settings.where("tables", self.position, *place)
        return ConfigurationError(f"{at}: table {self.wanted.name!r}: {message}", hint=hint)


@dataclass(frozen=True, slots=True)
class KnownColumn:
    """A column, the field's name, what `sync.toml` says about it, and what is remembered of it."""

    column: Column
    name: str
    settings: FieldSettings | None
    key: str
    property_id: str
    type: str
    former: tuple[str, ...] = ()

    @property
    def left_out(self) -> bool:
        """Whether `sync.toml` leaves the column out."""
        return self.settings is not None and (self.settings.ignore or self.settings.secret)


def known_columns(context: TableContext) -> list[KnownColumn]:
    """Every column with its field name: the one it had when it was first mapped, through all renames."""
    remembered = _remembered(context)
    taken = {str(name) for name, _ in remembered.values()}
    settings = dict(context.wanted.fields)
    known: list[KnownColumn] = []
    for column in context.table.columns:
        name, memory = remembered.get(column.name, ("", {}))
        if not name:
            name = column.name if column.name not in taken else f"{column.name}#{column.number}"
        key = next((key for key in (name, column.name) if key in settings), "")
        known.append(
            KnownColumn(
                column,
                name,
                settings.pop(key, None),
                key,
                str(memory.get("property_id") or ""),
                str(memory.get("type") or ""),
                _former(column, memory),
            )
        )
    for key in settings:
        raise context.error(
            f"there is no column {key!r}",
            "fields",
            key,
            hint=did_you_mean(key, (column.name for column in context.table.columns)),
        )
    return known


def remembered_property(context: TableContext, name: str) -> str:
    """The property of a field that is no column; empty when there was none."""
    memory = context.registration.fields.get(name) if context.registration is not None else None
    return str(memory.get("property_id") or "") if isinstance(memory, dict) else ""


def relation_property(context: TableContext, name: str, wanted: RelationSettings, taken: Collection[str]) -> str:
    """The property of a relation that is no column. Raises ConfigurationError when the name given is taken."""
    if wanted.property is None:
        return distinct(property_name(name), taken, name)
    if wanted.property.casefold() in {item.casefold() for item in taken}:
        raise context.error(
            f"the property name {wanted.property!r} is taken", "relations", name, "property", hint="choose another"
        )
    return wanted.property


def _former(column: Column, memory: Mapping[str, object]) -> tuple[str, ...]:
    """Names under which earlier events have the column."""
    before = memory.get("former")
    names = [str(name) for name in before] if isinstance(before, list) else []
    last = str(memory.get("column") or column.name)
    return tuple(name for name in dict.fromkeys([*names, last]) if name != column.name)


def _remembered(context: TableContext) -> dict[str, tuple[str, Mapping[str, object]]]:
    """Field name and memory by the column's present name.

    By the name remembered first (a new column may have taken over the name of the old one), then by number,
    which only counts in the very table it was remembered of.
    """
    registration = context.registration
    if registration is None:
        return {}
    same_table = registration.oid == context.table.oid
    by_number = {column.number: column.name for column in context.table.columns}
    found: dict[str, tuple[str, Mapping[str, object]]] = {}
    for name, memory in registration.fields.items():
        if not isinstance(memory, dict):
            continue
        column = str(memory.get("column") or name)
        number = memory.get("number")
        if context.table.column(column) is None and same_table and isinstance(number, int):
            column = by_number.get(number, "")
        if context.table.column(column) is not None:
            found.setdefault(column, (name, memory))
    return found


def title_of(context: TableContext, known: list[KnownColumn]) -> str:
    """The column that is the title: the one named, or the one that reads like one."""
    wanted = context.wanted.title
    if wanted is None:
        marked = [item for item in known if item.settings is not None and item.settings.type == "title"]
        wanted = marked[0].name if marked else None
    if wanted is None:
        left_out = {item.column.name for item in known if item.left_out}
        found = title_column(context.table, left_out)
        if not found:
            raise context.error("no column is left that could be the title", hint="name one with title = ...")
        return found
    for item in known:
        if wanted in (item.name, item.column.name):
            return _usable_title(context, item)
    names = (item.column.name for item in known)
    raise context.error(f"there is no column {wanted!r} for the title", "title", hint=did_you_mean(wanted, names))


def _usable_title(context: TableContext, item: KnownColumn) -> str:
    if item.left_out:
        raise context.error(f"the title column {item.name!r} is ignored", "title", hint="name another one")
    if item.settings is not None and item.settings.type not in (None, "title"):
        raise context.error(
            f"{item.name!r} is the title, so it cannot be {item.settings.type}",
            "fields",
            item.key,
            "type",
            hint="take the type out, or name another title",
        )
    return item.column.name
