"""Fields of one mapped table: which columns, under which names, types and rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sync_engine.domain.codecs.choices import options_problem
from sync_engine.domain.codecs.codec import Codec, FieldError
from sync_engine.domain.codecs.registry import codec_for, renamed_codec, types_for
from sync_engine.domain.inference import TableName, check_labels, relation_targets, type_choice
from sync_engine.domain.mapping import KEY_PROPERTY, ConflictPolicy, Direction, FieldMapping
from sync_engine.domain.naming import distinct, looks_secret, property_name, relation_name
from sync_engine.domain.policies import POLICIES, suits
from sync_engine.domain.schema import Column
from sync_engine.domain.template import Template
from sync_engine.engine.configure.composite import composite_keys, free_columns
from sync_engine.engine.configure.known_columns import (
    KnownColumn,
    TableContext,
    known_columns,
    remembered_property,
    title_of,
)
from sync_engine.engine.configure.title_template import title_template
from sync_engine.engine.passes.resolvers import python_function

_OF_VALUES = frozenset({"min", "max", "delta", "lines"})


@dataclass(frozen=True, slots=True)
class MappedFields:
    """The fields, the name of the one that is the title, and the columns to capture."""

    fields: tuple[FieldMapping, ...]
    title: str
    captured: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Chosen:
    """A column that becomes a field, with its property type."""

    known: KnownColumn
    type: str
    relation_to: str


def map_fields(context: TableContext) -> MappedFields:
    """The fields of the table. Raises ConfigurationError for what the table does not have or cannot do."""
    known = known_columns(context)
    made = title_template(context, known)
    title = title_of(context, known) if made is None else ""
    targets = relation_targets(context.table, context.synced)
    chosen = [found for item in known if (found := _choose(context, item, title, targets)) is not None]
    names = _property_names(context, chosen)
    fields = tuple(_field(context, item, names[item.known.column.name]) for item in chosen)
    if made is not None:
        fields = (_made_title(context, made, fields), *fields)
    mapped = {item.column for item in fields}
    captured = tuple(item.column.name for item in known if _is_captured(context, item, mapped))
    shown = next(item.name for item in fields if item.type == "title")
    return MappedFields(fields, shown, captured)


def _made_title(context: TableContext, template: Template, fields: Sequence[FieldMapping]) -> FieldMapping:
    """The title that is made of columns: it goes to Notion only."""
    columns = {column.name for column in context.table.columns}
    name = next(item for item in ("title", "page_title", "made title") if item not in columns)
    return FieldMapping(
        name=name,
        column=name,
        number=0,
        column_type="text",
        property=distinct("Name", (KEY_PROPERTY, *(item.property for item in fields)), name),
        type="title",
        codec=codec_for(Column(name, 0, "text", "text"), "title"),
        property_id=remembered_property(context, name),
        direction="to-notion",
        writable=False,
        template=template,
    )


def _choose(
    context: TableContext, item: KnownColumn, title: str, targets: Mapping[str, TableName]
) -> _Chosen | None:
    """The property type of a column, or None when the column is left out."""
    column, settings = item.column, item.settings
    if column.name == title:
        return _Chosen(item, "title", "")
    if item.left_out:
        return None
    if settings is None and (column.name in context.table.row_key or looks_secret(column)):
        return None
    if settings is None and column.name in _of_composites(context):
        return None
    wanted = settings.type if settings is not None else None
    if wanted is None and settings is not None and settings.values is not None:
        wanted = "multi_select" if column.is_array else "select"
    target = targets.get(column.name)
    if target is not None and wanted in (None, "relation"):
        return _Chosen(item, "relation", context.names[target])
    if wanted is None:
        wanted_type = _usual_type(context, item)
        return None if wanted_type is None else _Chosen(item, wanted_type, "")
    _check_type(context, item, wanted)
    return _Chosen(item, wanted, "")


def _of_composites(context: TableContext) -> set[str]:
    """Columns that a relation by several columns stands for; shown beside it only where they are written down."""
    return {name for key in composite_keys(context).values() for name in free_columns(context.table, key)}


def _usual_type(context: TableContext, item: KnownColumn) -> str | None:
    """The type that the property has had so far, or else the default one."""
    if item.type in types_for(item.column) and item.type != "title":
        return item.type
    return type_choice(context.table, item.column).type


def _check_type(context: TableContext, item: KnownColumn, wanted: str) -> None:
    place = ("fields", item.key, "type")
    if wanted == "relation":
        raise context.error(
            f"column {item.name!r} has no foreign key to the key of a synced table, so it cannot be a relation",
            *place,
            hint="add the table it refers to, or choose another type",
        )
    if wanted == "title":
        raise context.error(f"{item.name!r} cannot be a second title", *place, hint="set title = ... of the table")
    allowed = [name for name in types_for(item.column) if name != "title"]
    if wanted not in allowed:
        raise context.error(
            f"column {item.name!r} ({item.column.type}) cannot be shown as {wanted}",
            *place,
            hint=f"choose one of {', '.join(allowed)}",
        )
    if wanted in ("select", "multi_select") and (problem := options_problem(item.column.enum_labels)):
        raise context.error(
            f"column {item.name!r} cannot be a {wanted}: {problem}", *place, hint='choose type = "rich_text"'
        )


def _property_names(context: TableContext, chosen: list[_Chosen]) -> Mapping[str, str]:
    """A property name for every chosen column, no two alike in Notion; names given in `sync.toml` come first."""
    names: dict[str, str] = {}
    keys: dict[str, str] = {}
    for item in chosen:
        given = item.known.settings.property if item.known.settings is not None else None
        if given is None:
            continue
        folded = given.casefold()
        if folded in keys or folded == KEY_PROPERTY.casefold():
            raise context.error(
                f"the property name {given!r} is taken: {_taken_by(context, keys.get(folded))}",
                "fields",
                item.known.key,
                "property",
                hint="choose another",
            )
        keys[folded] = item.known.key
        names[item.known.column.name] = given
    for item in chosen:
        column = item.known.column.name
        if column not in names:
            proposed = relation_name(item.known.name) if item.relation_to else property_name(item.known.name)
            if (other := keys.get(proposed.casefold())) is not None:
                raise context.error(
                    f"the property name {proposed!r} is taken: it is that of column {item.known.name!r} too, "
                    "which has none of its own here",
                    "fields",
                    other,
                    "property",
                    hint=f"choose another, or give {item.known.name!r} a property",
                )
            names[column] = distinct(proposed, (KEY_PROPERTY, *names.values()), item.known.name)
    return names


def _taken_by(context: TableContext, key: str | None) -> str:
    if key is None:
        return "it shows the key of the row"
    at = context.settings.where("tables", context.position, "fields", key, "property")
    return f"it is that of {key!r}, {at}"


def _field(context: TableContext, item: _Chosen, name: str) -> FieldMapping:
    column = item.known.column
    labels = check_labels(context.table, column) if item.type == "select" and not column.is_enum else ()
    codec, options = _codec(context, item, labels)
    is_key = column.name in context.table.row_key
    in_composite = column.name in _of_composites(context)
    return FieldMapping(
        name=item.known.name,
        column=column.name,
        number=column.number,
        column_type=column.type,
        property=name,
        type=item.type,
        codec=codec,
        property_id=_property_id(item),
        direction=_direction(context, item, read_only=is_key or not column.writable or in_composite),
        conflict=_conflict(context, item),
        resolver=_resolver(item),
        not_null=column.not_null,
        has_default=column.has_default or bool(column.identity),
        writable=column.writable and not is_key and not in_composite,
        gives_key=column.writable and is_key,
        relation_to=item.relation_to,
        options=options,
        former=item.known.former,
    )


def _codec(context: TableContext, item: _Chosen, labels: tuple[str, ...]) -> tuple[Codec, tuple[str, ...]]:
    """The codec of a field and the options that its property begins with."""
    column, options = item.known.column, _options(item.known.column, item.type, labels)
    names = item.known.settings.values if item.known.settings is not None else None
    if names is None:
        return codec_for(column, item.type, labels), options
    try:
        codec = renamed_codec(column, item.type, names, labels)
    except FieldError as error:
        raise context.error(f"column {item.known.name!r}: {error}", "fields", item.known.key, "values") from error
    if codec.renamed.map.lossy and _wanted_direction(context, item) != "to-notion":
        raise context.error(
            f"column {item.known.name!r}: two values have the same name, so no edit in Notion could be taken back",
            "fields",
            item.known.key,
            "values",
            hint='give each value its own name (case does not count), or write direction = "to-notion"',
        )
    if item.type not in ("select", "multi_select"):
        return codec, ()
    shown = [codec.renamed.map.name(option) for option in options] or list(codec.renamed.map.names.values())
    return codec, tuple(dict.fromkeys(shown))


def _property_id(item: _Chosen) -> str:
    """The remembered property, unless the field has become a relation or ceased to be one: that is another one."""
    was_relation = item.known.type == "relation"
    return item.known.property_id if was_relation == bool(item.relation_to) else ""


def _options(column: Column, notion_type: str, labels: tuple[str, ...]) -> tuple[str, ...]:
    if notion_type not in ("select", "multi_select"):
        return ()
    return column.enum_labels if column.is_enum else labels


def _direction(context: TableContext, item: _Chosen, *, read_only: bool) -> Direction:
    settings = item.known.settings
    wanted = settings.direction if settings is not None else None
    if read_only:
        if wanted == "from-notion":
            raise context.error(
                f"column {item.known.name!r} is generated or a key and cannot be written from Notion",
                "fields",
                item.known.key,
                "direction",
                hint='take it out, or write direction = "to-notion"',
            )
        return "to-notion"
    return _wanted_direction(context, item)


def _wanted_direction(context: TableContext, item: _Chosen) -> Direction:
    """As it is written down: of the field, of the table, or the default."""
    settings = item.known.settings
    wanted = settings.direction if settings is not None else None
    return wanted or context.wanted.direction or context.settings.defaults.direction


def _conflict(context: TableContext, item: _Chosen) -> ConflictPolicy:
    """The field's own policy must suit it; an inherited one gives way to `newest` where it does not.

    A set of options is merged by element unless a policy says otherwise: two people who each add a tag agree.
    """
    settings = item.known.settings
    wanted = settings.conflict if settings is not None else None
    if wanted is None:
        inherited = context.wanted.conflict or context.settings.defaults.conflict
        usual: ConflictPolicy = "union" if item.type == "multi_select" else "newest"
        return inherited if inherited != "newest" and _fits(inherited, item) else usual
    policy = POLICIES.get(wanted, "custom")
    if not _fits(policy, item):
        raise context.error(
            f"column {item.known.name!r} ({item.known.column.type}) cannot have the conflict policy {wanted}",
            "fields",
            item.known.key,
            "conflict",
            hint="union is for lists, delta for numbers, min and max for numbers and times, lines for texts",
        )
    return policy


def _fits(policy: ConflictPolicy, item: _Chosen) -> bool:
    return suits(policy, item.known.column) and not (item.relation_to and policy in _OF_VALUES)


def _resolver(item: _Chosen) -> str:
    """The resolver as it is named. Raises ConfigurationError when it is in Python and cannot be loaded."""
    wanted = item.known.settings.conflict if item.known.settings is not None else None
    if wanted is None or ":" not in wanted:
        return ""
    kind, _, name = wanted.partition(":")
    if kind == "python":
        python_function(name)
    return wanted


def _is_captured(context: TableContext, item: KnownColumn, mapped: set[str]) -> bool:
    """Whether the log holds the column: everything that a rollback needs, and no secret that is not mapped."""
    if item.column.name in mapped or item.column.name in context.table.row_key:
        return True
    secret = looks_secret(item.column) or (item.settings is not None and item.settings.secret)
    return not secret and not item.column.generated
